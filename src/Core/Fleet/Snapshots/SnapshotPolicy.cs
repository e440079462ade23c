using Atelier.Core.Schedules;

namespace Atelier.Core.Fleet.Snapshots;

/// <summary>
/// When a snapshot exists: all slices durable → commit; a writer lost, a slice failed, a deadline over → abandon, and try at
/// the next iteration.
/// </summary>
public sealed class SnapshotPolicy(TimeSpan deadline)
{
    /// <param name="isLive">Whether a process of a worker has a lease.</param>
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

/// <summary>What becomes of an attempt.</summary>
public abstract record SnapshotDecision
{
    private SnapshotDecision()
    {
    }

    /// <summary>Not all writers have reported.</summary>
    public sealed record Wait : SnapshotDecision;

    /// <summary>Write the manifest: the snapshot exists from then on.</summary>
    /// <param name="StateSha256">The hash of the whole state, on which all writers agree.</param>
    public sealed record Commit(string StateSha256) : SnapshotDecision;

    /// <summary>Delete the slices.</summary>
    /// <param name="Reason">Why, for the event log.</param>
    /// <param name="NotBefore">The first iteration at which the next attempt may be made.</param>
    public sealed record Abandon(string Reason, long NotBefore) : SnapshotDecision;
}

/// <summary>When periodic snapshots are due: after the iteration that reaches or crosses a multiple of the interval.</summary>
/// <param name="BaseIteration">An iteration whose image count is known: 0, or that of the snapshot which the run goes on from.</param>
/// <param name="BaseImages">Images shown by then.</param>
/// <param name="Minibatches">Images per iteration.</param>
/// <param name="Interval">Images between two snapshots; 0 for none.</param>
public sealed record SnapshotSchedule(long BaseIteration, long BaseImages, MinibatchSchedule Minibatches, long Interval)
{
    /// <summary>Images shown when so many iterations are done.</summary>
    public ImageCount ImagesAt(long iteration) => Minibatches.After(new(BaseImages), iteration - BaseIteration);

    /// <summary>Iterations done when so many images are shown, the last one whole.</summary>
    public long IterationAt(ImageCount total) => BaseIteration + Minibatches.IterationsTo(new(BaseImages), total);

    /// <summary>The first due iteration after another one; null for none.</summary>
    public long? NextAfter(long iteration)
    {
        if (Interval <= 0) return null;
        var multiple = ((ImagesAt(iteration).Images / Interval) + 1) * Interval;
        return Math.Max(iteration + 1, IterationAt(new(multiple)));
    }
}
