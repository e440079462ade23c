using System.Globalization;
using Atelier.Core.Fleet.Snapshots;
using Atelier.Core.Metrics;
using Atelier.Core.Specs;

namespace Atelier.Core.Runs;

/// <summary>What the values of a run's first metric mean for the run.</summary>
public static class QualityPolicy
{
    /// <summary>The newest snapshot from before a tick in which gradients stayed non-finite; null for none.</summary>
    /// <param name="failed">Image count at the tick's end.</param>
    /// <param name="isPeriodic">Whether those of a stop or an hour's end are left out: they depend on time, and the trajectory may not.</param>
    public static SnapshotFacts? LastWell(IEnumerable<SnapshotFacts> snapshots, ImageCount failed, RunSpec spec, uint branch, bool isPeriodic = true)
    {
        ArgumentNullException.ThrowIfNull(snapshots);
        ArgumentNullException.ThrowIfNull(spec);
        var wellUntil = failed.Images - ImageCount.FromKimg(spec.TickKimg).Images - spec.Minibatches.Largest;
        var schedule = SnapshotSchedule.Of(spec);
        return SnapshotFacts.Lineage(snapshots, branch, failed)
            .Where(snapshot => (snapshot.Branch < branch || snapshot.At.Images <= wellUntil) && (!isPeriodic || schedule.IsDue(snapshot.At)))
            .MaxBy(snapshot => (snapshot.Branch, snapshot.At));
    }

    /// <summary>Decides what the newest value means for the run.</summary>
    /// <param name="measured">Snapshots that there are, with their values of the first metric, the newest one among them.</param>
    public static QualityVerdict Judge(IEnumerable<SnapshotFacts> measured, SnapshotFacts newest, RunSpec spec, int rollbacks)
    {
        ArgumentNullException.ThrowIfNull(measured);
        ArgumentNullException.ThrowIfNull(newest);
        ArgumentNullException.ThrowIfNull(spec);
        var metric = MetricCatalog.Find(spec.Metrics[0]);
        var earlier = SnapshotFacts.Lineage(measured, newest.Branch, newest.At).Where(snapshot => snapshot != newest && snapshot.Metric is { } value && double.IsFinite(value)).ToList();
        if (newest.Metric is not { } now || earlier.Count == 0) return new QualityVerdict.GoOn();
        var best = metric.HigherIsBetter ? earlier.MaxBy(snapshot => snapshot.Metric)! : earlier.MinBy(snapshot => snapshot.Metric)!;
        bool HasExploded(double value) => !double.IsFinite(value)
            || (metric.HigherIsBetter ? value * spec.Explosion < best.Metric : value > best.Metric * spec.Explosion);

        if (spec.Rollbacks > rollbacks && HasExploded(now))
        {
            var target = earlier.Where(snapshot => !HasExploded(snapshot.Metric!.Value)).MaxBy(snapshot => (snapshot.Branch, snapshot.At))!;
            return new QualityVerdict.RollBack(target, string.Create(CultureInfo.InvariantCulture, $"{metric.Name} of {newest.Name} is {now:0.####}; it was {best.Metric:0.####} at {best.Name}"));
        }

        var isBetter = metric.HigherIsBetter ? now > best.Metric : now < best.Metric;
        return !isBetter && spec.Patience > 0 && newest.At.Kimg - best.At.Kimg >= spec.Patience
            ? new QualityVerdict.Stop(string.Create(
                CultureInfo.InvariantCulture, $"{metric.Name} was best at {best.Name} ({best.Metric:0.####}), with no improvement for {newest.At.Kimg - best.At.Kimg:0.###} kimg"))
            : new QualityVerdict.GoOn();
    }
}

/// <summary>What happens to a run.</summary>
public abstract record QualityVerdict
{
    private QualityVerdict()
    {
    }

    /// <summary>It continues.</summary>
    public sealed record GoOn : QualityVerdict;

    /// <summary>It stops, because the metric no longer improves.</summary>
    /// <param name="Reason">Since when.</param>
    public sealed record Stop(string Reason) : QualityVerdict;

    /// <summary>It goes back to a snapshot and continues on another branch: on this one it would explode again.</summary>
    public sealed record RollBack(SnapshotFacts Target, string Reason) : QualityVerdict;
}
