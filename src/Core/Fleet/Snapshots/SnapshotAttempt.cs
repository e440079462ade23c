namespace Atelier.Core.Fleet.Snapshots;

/// <summary>A snapshot that is being written: a slice a worker, in rank order.</summary>
/// <param name="Number">Rises with every attempt of a run and is part of the slices' names, so that attempts never meet.</param>
/// <param name="Version">The state that is written; between iterations.</param>
/// <param name="Slices">The slices.</param>
/// <param name="BegunAt">When the attempt began.</param>
public sealed record SnapshotAttempt(long Number, StateVersion Version, IReadOnlyList<SnapshotSlice> Slices, DateTimeOffset BegunAt)
{
    /// <summary>Takes a writer's report in. Reports of other attempts, of others and repeated ones change nothing.</summary>
    /// <param name="attempt">The attempt that the report is about.</param>
    /// <param name="reported">The slice as its writer reports it.</param>
    public SnapshotAttempt Observe(long attempt, SnapshotSlice reported)
    {
        ArgumentNullException.ThrowIfNull(reported);
        return attempt != Number
            ? this
            : this with
            {
                Slices =
                [
                    .. Slices.Select(slice => slice.Status == SliceStatus.Pending
                        && slice.Writer == reported.Writer && slice.Incarnation == reported.Incarnation ? reported : slice),
                ],
            };
    }
}
