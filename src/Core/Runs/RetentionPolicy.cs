using Atelier.Core.Fleet.Snapshots;
using Atelier.Core.Metrics;
using Atelier.Core.Specs;

namespace Atelier.Core.Runs;

/// <summary>
/// Which snapshots of a run are kept: the newest, the best by a metric, one every so often, and the first of each branch, which
/// says where it left the one before.
/// </summary>
/// <param name="KeepLast">How many of the newest; at least 1, so that the newest whole one is never deleted.</param>
/// <param name="KeepEvery">The first snapshot in each interval of this many kimg; null for none.</param>
/// <param name="KeepJudged">Whether what the next value is judged by stays: the best and the newest with a metric that the present state comes from.</param>
public sealed record RetentionPolicy(int KeepLast, int KeepBest = 0, double? KeepEvery = null, bool HigherIsBetter = false, bool KeepJudged = false)
{
    /// <summary>Which snapshots are periodic: as many of them are kept as of all; null where all are.</summary>
    public SnapshotSchedule? Schedule { get; init; }

    /// <summary>The policy of a spec, whose first metric says which snapshots are good.</summary>
    public static RetentionPolicy Of(RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return new(spec.KeepLast, spec.KeepBest, spec.KeepEvery, spec.Metrics is [var best, ..] && MetricCatalog.Find(best).HigherIsBetter, spec.Rollbacks > 0 || spec.Patience > 0) { Schedule = SnapshotSchedule.Of(spec) };
    }

    /// <summary>The snapshots to delete.</summary>
    /// <param name="whole">The run's whole snapshots, in any order.</param>
    public IReadOnlyList<SnapshotFacts> ToDelete(IEnumerable<SnapshotFacts> whole)
    {
        var oldestFirst = whole.OrderBy(snapshot => snapshot.Branch).ThenBy(snapshot => snapshot.At).ToList();
        var kept = oldestFirst.TakeLast(Math.Max(1, KeepLast)).ToHashSet();
        if (Schedule is { } schedule) kept.UnionWith(oldestFirst.Where(snapshot => schedule.IsDue(snapshot.At)).TakeLast(Math.Max(1, KeepLast)));
        // Of equal metrics the older one stays: a later snapshot has to be better to replace it.
        kept.UnionWith(Best(oldestFirst).Take(KeepBest));
        if (KeepJudged && oldestFirst is [.., var newest])
        {
            var line = SnapshotFacts.Lineage(oldestFirst, newest.Branch, newest.At).ToHashSet();
            var measured = oldestFirst.Where(snapshot => snapshot.Metric is not null && line.Contains(snapshot)).ToList();
            kept.UnionWith(Best(measured).Take(1).Concat(measured.TakeLast(1)));
        }

        kept.UnionWith(oldestFirst.Where(snapshot => snapshot.Branch > 0).DistinctBy(snapshot => snapshot.Branch));
        if (KeepEvery is { } every)
            kept.UnionWith(oldestFirst.GroupBy(snapshot => Math.Floor(snapshot.At.Kimg / every)).Select(interval => interval.First()));
        return [.. oldestFirst.Where(snapshot => !kept.Contains(snapshot))];
    }

    private IEnumerable<SnapshotFacts> Best(IEnumerable<SnapshotFacts> oldestFirst) => oldestFirst
        .Where(snapshot => snapshot.Metric is { } metric && double.IsFinite(metric))
        .OrderBy(snapshot => HigherIsBetter ? -snapshot.Metric : snapshot.Metric);
}

/// <summary>What retention knows of a snapshot.</summary>
/// <param name="Metric">Value of the deciding metric; null where it was not computed.</param>
/// <param name="Branch">The run's branch; a higher one is newer at any image count, because a rollback goes back in images.</param>
public sealed record SnapshotFacts(string Name, ImageCount At, double? Metric = null, uint Branch = 0)
{
    /// <summary>
    /// The snapshots that a state comes from. A branch's first snapshot is where it left the one before; what came later there
    /// was given up, whether it was measured or not.
    /// </summary>
    public static IEnumerable<SnapshotFacts> Lineage(IEnumerable<SnapshotFacts> snapshots, uint branch, ImageCount until)
    {
        ArgumentNullException.ThrowIfNull(snapshots);
        return Descend(snapshots.Where(snapshot => snapshot.Branch <= branch), until);
    }

    private static IEnumerable<SnapshotFacts> Descend(IEnumerable<SnapshotFacts> snapshots, ImageCount until)
    {
        foreach (var those in snapshots.GroupBy(snapshot => snapshot.Branch).OrderByDescending(those => those.Key))
        {
            foreach (var snapshot in those.Where(snapshot => snapshot.At <= until)) yield return snapshot;
            var first = those.Min(snapshot => snapshot.At);
            if (first < until) until = first;
        }
    }
}
