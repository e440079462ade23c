using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Atelier.Core.Alerts;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Fleet.Membership;
using Atelier.Core.Fleet.Queue;

namespace Atelier.Coordinator.Telemetry;

/// <summary>
/// Every metric and span of a coordinator, once: docs/telemetry.md lists them, and a test compares. Gauges are read from what grains have
/// left here in their turns, so that a scrape calls no grain; a grain that moves to another replica takes its series along.
/// </summary>
public sealed class CoordinatorMetrics : IDisposable
{
    /// <summary>The meter, and the source of spans.</summary>
    public const string Name = "Atelier.Coordinator";

    private static readonly InstrumentAdvice<double> Waits = new() { HistogramBucketBoundaries = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600] };

    private readonly Meter _meter = new(Name);
    private readonly ConcurrentDictionary<string, RunReading> _runs = new();
    private readonly TimeProvider _time;
    private readonly ObservableGauge<long> _members;
    private volatile FleetReading _fleet = FleetReading.Empty;
    private volatile IReadOnlyList<EvaluationReading> _evaluations = [];

    public CoordinatorMetrics(TimeProvider time)
    {
        _time = time;
        Generations = _meter.CreateCounter<long>("atelier.run.generations", "{generation}", "Generations that ended, by reason");
        Recoveries = _meter.CreateCounter<long>("atelier.run.recoveries", "{recovery}", "Times that a run continued after a worker was lost or had a problem");
        Disagreements = _meter.CreateCounter<long>("atelier.run.disagreements", "{disagreement}", "Times that workers had different states");
        NonFinite = _meter.CreateCounter<long>("atelier.run.non_finite", "{element}", "Gradient elements that were NaN or infinite, as reported by ticks");
        HaltDuration = Histogram("atelier.run.halt.duration", "From the end of a generation until all workers had halted");
        PrepareDuration = Histogram("atelier.run.prepare.duration", "From the order to prepare until all workers were ready");
        SnapshotDuration = Histogram("atelier.run.snapshot.duration", "A snapshot, from the first slice to the manifest, while training continues");
        SnapshotSize = _meter.CreateCounter<long>("atelier.run.snapshot.size", "By", "Snapshots committed");
        SnapshotFailures = _meter.CreateCounter<long>("atelier.run.snapshot.failures", "{snapshot}", "Snapshots abandoned");
        Notifications = _meter.CreateCounter<long>("atelier.alert.notifications", "{notification}", "Alerts sent to the webhook, by outcome");

        _meter.CreateObservableGauge("atelier.runs", RunsByStatus, "{run}", "Runs by status");
        _meter.CreateObservableGauge("atelier.queue.length", () => _fleet.Runs.LongCount(run => run == RunStatus.Queued), "{run}", "Runs waiting for workers");
        _members = _meter.CreateObservableGauge("atelier.workers", WorkersByStatus, "{worker}", "Workers by status and role");
        _meter.CreateObservableGauge("atelier.worker.heartbeat.age", HeartbeatAges, "s", "Time since a worker was last heard from");
        Run("atelier.run.images", "{image}", "Images shown so far", run => run.Images);
        Run("atelier.run.target", "{image}", "Images in the whole run", run => run.Target);
        Run("atelier.run.speed", "{image}/s", "Images per second over the last seconds; 0 while the run is not running", run => run.ImagesPerSecond);
        Run("atelier.run.unsaved", "{image}", "Images since the newest snapshot", run => run.Images - run.SnapshotImages);
        Run("atelier.run.workers", "{worker}", "Workers assigned to a run", run => run.Workers);
        Run("atelier.run.generation", "{generation}", "Number of the latest generation", run => run.Generation);
        Run("atelier.run.standstill", "s", "Time since a phase was committed, for runs that should be running", run => run.MovedAt is { } moved ? Since(moved) : null);
        Run("atelier.run.snapshot.last", "By", "Size of the newest snapshot committed by this coordinator", run => run.Facts.SnapshotBytes > 0 ? run.Facts.SnapshotBytes : null);
        Run("atelier.run.store.free", "By", "Free space for a run folder", run => run.Facts.FreeBytes);
        Run("atelier.run.metric.degradation", "1", "Ratio of the newest value of the first metric to its best", run => run.Facts.Degradation);
        Run("atelier.run.evaluation.standstill", "s", "Time since a sample was computed, for runs with pending metrics", run => run.Facts.EvaluationStandstill?.TotalSeconds);
        _meter.CreateObservableGauge("atelier.run.metric", () => _runs.Values.SelectMany(run => run.Metrics.Select(metric => new Measurement<double>(metric.Value, Tag("run", run.Run), Tag("metric", metric.Key)))), null, "Newest value of a metric");
        _meter.CreateObservableGauge("atelier.run.alert", () => _runs.Values.SelectMany(run => run.Alerts.Select(alert => new Measurement<long>(1, Tag("run", run.Run), Tag("alert", $"{alert.Kind}")))), "{alert}", "1 for each active alert of a run");
        _meter.CreateObservableGauge("atelier.evaluation.backlog", () => _evaluations.GroupBy(one => one.Run).Select(run => new Measurement<long>(run.Count(), Tag("run", run.Key))), "{evaluation}", "Metrics requested but not yet known");
        _meter.CreateObservableGauge("atelier.evaluation.progress", () => _evaluations.Select(one => new Measurement<double>(one.Samples > 0 ? (double)one.SamplesDone / one.Samples : 0, Tag("run", one.Run), Tag("metric", one.Metric), Tag("snapshot", one.Snapshot))), "1", "Fraction of an evaluation's samples that are done");
        _meter.CreateObservableGauge("atelier.evaluation.age", () => _evaluations.GroupBy(one => one.Run).Select(run => new Measurement<double>(Since(run.Min(one => one.RequestedAt)), Tag("run", run.Key))), "s", "Time since the oldest pending metric was requested");
    }

    /// <summary>The spans of coordinators.</summary>
    internal static ActivitySource Traces { get; } = new(Name);

    internal Counter<long> Generations { get; }

    internal Counter<long> Recoveries { get; }

    internal Counter<long> Disagreements { get; }

    internal Counter<long> NonFinite { get; }

    internal Histogram<double> HaltDuration { get; }

    internal Histogram<double> PrepareDuration { get; }

    internal Histogram<double> SnapshotDuration { get; }

    internal Counter<long> SnapshotSize { get; }

    internal Counter<long> SnapshotFailures { get; }

    internal Counter<long> Notifications { get; }

    /// <summary>Whether somebody reads the fleet's gauges.</summary>
    internal bool IsRead => _members.Enabled;

    /// <summary>A run's grain has come up here. Its counters begin at 0: of one that begins at 1, an alert would see no increase.</summary>
    internal void Begin(string run)
    {
        var tag = Tag("run", run);
        foreach (var counter in (Counter<long>[])[Recoveries, Disagreements, NonFinite, SnapshotFailures]) counter.Add(0, tag);
        foreach (var reason in Enum.GetValues<GenerationEnd>()) Generations.Add(0, tag, Tag("reason", $"{reason}"));
    }

    /// <summary>Where a run stands now.</summary>
    internal void Publish(RunReading run) => _runs[run.Run] = run;

    /// <summary>Another replica tells of a run from here on, or nobody does.</summary>
    internal void Forget(string run) => _runs.TryRemove(run, out _);

    /// <summary>The fleet as it is now.</summary>
    internal void Publish(FleetReading fleet) => _fleet = fleet;

    /// <summary>The evaluations that are on their way.</summary>
    internal void Publish(IReadOnlyList<EvaluationReading> evaluations) => _evaluations = evaluations;

    internal static KeyValuePair<string, object?> Tag(string key, string value) => new(key, value);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private double Since(DateTimeOffset then) => Math.Max(0, (_time.GetUtcNow() - then).TotalSeconds);

    private Histogram<double> Histogram(string name, string description) => _meter.CreateHistogram(name, "s", description, null, Waits);

    private void Run(string name, string unit, string description, Func<RunReading, double?> read) => _meter.CreateObservableGauge(
        name, () => from run in _runs.Values let value = read(run) where value is not null select new Measurement<double>(value.Value, Tag("run", run.Run)), unit, description);

    /// <summary>All statuses, so that one that no run has any more is 0 and not what it was.</summary>
    private IEnumerable<Measurement<long>> RunsByStatus()
    {
        var runs = _fleet.Runs;
        return _fleet == FleetReading.Empty ? [] : Enum.GetValues<RunStatus>().Select(status => new Measurement<long>(runs.LongCount(run => run == status), Tag("status", $"{status}")));
    }

    private IEnumerable<Measurement<long>> WorkersByStatus()
    {
        var workers = _fleet.Workers;
        return _fleet == FleetReading.Empty ? [] :
            from status in Enum.GetValues<MemberStatus>()
            from isEvaluator in (bool[])[false, true]
            select new Measurement<long>(workers.LongCount(worker => worker.Status == status && worker.IsEvaluator == isEvaluator), Tag("status", $"{status}"), Tag("role", isEvaluator ? "evaluator" : "trainer"));
    }

    private IEnumerable<Measurement<double>> HeartbeatAges() =>
        _fleet.Workers.Where(worker => worker.Status != MemberStatus.Evicted).Select(worker => new Measurement<double>(Since(worker.HeardAt), Tag("worker", worker.Worker)));
}

/// <summary>A run as its grain left it for metrics.</summary>
/// <param name="MovedAt">When a phase was committed last; null for a run that has not begun, or is not to go on.</param>
/// <param name="Facts">What its alerts were decided by.</param>
/// <param name="Metrics">Newest values, by name.</param>
internal sealed record RunReading(
    string Run, long Images, long Target, long SnapshotImages, double ImagesPerSecond, int Workers, long Generation, DateTimeOffset? MovedAt,
    AlertFacts Facts, IReadOnlyDictionary<string, double> Metrics, IReadOnlyList<ActiveAlert> Alerts);

/// <summary>The fleet as its grain left it for metrics.</summary>
internal sealed record FleetReading(IReadOnlyList<RunStatus> Runs, IReadOnlyList<WorkerReading> Workers)
{
    /// <summary>Before the grain was here.</summary>
    public static FleetReading Empty { get; } = new([], []);
}

/// <summary>A worker, for metrics.</summary>
/// <param name="HeardAt">When its lease was renewed last.</param>
internal sealed record WorkerReading(string Worker, MemberStatus Status, bool IsEvaluator, DateTimeOffset HeardAt);

/// <summary>An evaluation on its way, for metrics.</summary>
internal sealed record EvaluationReading(string Run, string Metric, string Snapshot, int SamplesDone, int Samples, DateTimeOffset RequestedAt);
