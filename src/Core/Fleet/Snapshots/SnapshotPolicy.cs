namespace Atelier.Core.Fleet.Snapshots;

/// <summary>
/// When a snapshot exists: all slices durable → commit; a writer lost, a slice failed, a deadline over → abandon, and try at
/// the next iteration.
/// </summary>
/// <param name="deadline">How long writing may take.</param>
public sealed class SnapshotPolicy(TimeSpan deadline)
{
    /// <summary>Decides about an attempt.</summary>
    /// <param name="attempt">The attempt.</param>
    /// <param name="isLive">Whether a process of a worker has a lease.</param>
    /// <param name="now">The coordinator's time.</param>
    public SnapshotDecision Decide(SnapshotAttempt attempt, Func<WorkerId, long, bool> isLive, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(attempt);
        ArgumentNullException.ThrowIfNull(isLive);
        if (attempt.Slices.FirstOrDefault(slice => slice.Status == SliceStatus.Failed) is { } failed)
            return Abandon($"{failed.Writer} could not write its slice: {failed.Error}");
        var pending = attempt.Slices.Where(slice => slice.Status == SliceStatus.Pending).ToList();
        if (pending.FirstOrDefault(slice => !isLive(slice.Writer, slice.Incarnation)) is { } lost)
            return Abandon($"{lost.Writer} was lost while it wrote");
        if (pending.Count > 0)
            return now - attempt.BegunAt > deadline
                ? Abandon($"{string.Join(", ", pending.Select(slice => slice.Writer))} took over {deadline.TotalSeconds} s to write")
                : new SnapshotDecision.Wait();
        // A durable slice stays durable when its writer dies. Slices of different states never make a snapshot.
        var hashes = attempt.Slices.Select(slice => slice.StateSha256).Distinct().ToList();
        return hashes.Count == 1
            ? new SnapshotDecision.Commit(hashes[0])
            : Abandon($"the writers disagree on the state: {string.Join("; ", attempt.Slices.Select(slice => $"{slice.Writer} has {slice.StateSha256}"))}");

        SnapshotDecision.Abandon Abandon(string reason) => new(reason, attempt.Version.Position.Iteration + 1);
    }
}
