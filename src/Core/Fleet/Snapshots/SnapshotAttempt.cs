namespace Atelier.Core.Fleet.Snapshots;

/// <summary>A snapshot that is being written: one slice per worker, in rank order.</summary>
/// <param name="Number">Rises with every attempt of a run and is part of the slices' names, so that attempts never meet.</param>
/// <param name="Version">The state that is written; between iterations.</param>
public sealed record SnapshotAttempt(long Number, StateVersion Version, IReadOnlyList<SnapshotSlice> Slices, DateTimeOffset BegunAt)
{
    /// <summary>Takes a writer's report in. Reports of other attempts, of others and repeated ones change nothing.</summary>
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

/// <summary>One writer's part of a snapshot.</summary>
/// <param name="SizeBytes">Size of the slice; 0 until it is durable.</param>
/// <param name="Sha256">Its SHA-256, in hexadecimal; empty until it is durable.</param>
/// <param name="StateSha256">SHA-256 of the whole state, as the writer has it; empty until the slice is durable.</param>
/// <param name="Error">Why it failed; null otherwise.</param>
public sealed record SnapshotSlice(
    WorkerId Writer, long Incarnation, SliceStatus Status = SliceStatus.Pending, long SizeBytes = 0, string Sha256 = "", string StateSha256 = "", string? Error = null);

public enum SliceStatus
{
    /// <summary>Its writer has not reported.</summary>
    Pending,

    /// <summary>It is written, synced and renamed.</summary>
    Durable,

    /// <summary>Its writer could not write it.</summary>
    Failed,
}

/// <summary>
/// The number of an attempt to write a snapshot. A generation passes an iteration once, so that all its members know the
/// number by themselves; the last save of a run has its own.
/// </summary>
/// <param name="Iteration">Iterations done in the state that is written; below 2³².</param>
/// <param name="IsSave">Whether one worker writes the whole state, because the run stands still.</param>
public readonly record struct SnapshotNumber(GenerationId Generation, long Iteration, bool IsSave = false)
{
    private const int IterationBits = 32;
    private const long SaveBit = 1L << 62;

    /// <summary>The number in messages.</summary>
    public long Value => (Generation.Number << IterationBits) | Iteration | (IsSave ? SaveBit : 0);

    /// <summary>What the files of the attempt are called by.</summary>
    public string FileTag => $"{(IsSave ? "s" : "g")}{Generation.Number}i{Iteration}";

    public static SnapshotNumber Of(long value) =>
        new(new((value & ~SaveBit) >> IterationBits), value & ((1L << IterationBits) - 1), (value & SaveBit) != 0);
}
