using Atelier.Core.Schedules;
using Atelier.Core.Specs;

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
            return Abandon($"{lost.Writer} was lost while writing");
        if (pending.Count > 0)
            return now - attempt.BegunAt > deadline
                ? Abandon($"{string.Join(", ", pending.Select(slice => slice.Writer))} took more than {deadline.TotalSeconds} s to write")
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

    /// <summary>The schedule of a run, for questions about image counts.</summary>
    public static SnapshotSchedule Of(RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return new(0, 0, spec.Minibatches, ImageCount.FromKimg(spec.SnapshotKimg).Images);
    }

    /// <summary>Whether a snapshot of so many images is one of the periodic ones, and not one of a stop or an hour's end.</summary>
    public bool IsDue(ImageCount at) => Interval > 0 && at.Images > 0 && Minibatches.Before(at).Images / Interval != at.Images / Interval;

    /// <summary>
    /// Whether a snapshot is measured: the first periodic one in each interval of metrics. Only the image count decides, so that it does not
    /// matter when processes began.
    /// </summary>
    /// <param name="metrics">Images between two measurements; 0 for none.</param>
    public bool IsMeasured(ImageCount at, long metrics)
    {
        if (metrics <= 0 || !IsDue(at)) return false;
        long multiple = ((at.Images / Interval) - 1) * Interval;
        // The periodic snapshot before it, in steps of the present minibatch.
        var former = Minibatches.Before(at);
        if (former.Images > multiple)
        {
            long step = at.Images - former.Images;
            former = new(at.Images - (Math.Max(1, (at.Images - multiple) / step) * step));
        }

        return at.Images / metrics > (multiple <= 0 ? 0 : former.Images / metrics);
    }

    /// <summary>Measurements that come after an image count, up to the run's end.</summary>
    /// <param name="metrics">Images between two measurements; 0 for none.</param>
    public static long MeasurementsAfter(ImageCount at, ImageCount total, long metrics) =>
        metrics <= 0 || total.Images < metrics || at >= total ? 0 : Math.Max(1, (total.Images / metrics) - (at.Images / metrics));

    /// <summary>The first due iteration after another one; null for none.</summary>
    public long? NextAfter(long iteration)
    {
        if (Interval <= 0) return null;
        var multiple = ((ImagesAt(iteration).Images / Interval) + 1) * Interval;
        return Math.Max(iteration + 1, IterationAt(new(multiple)));
    }
}
