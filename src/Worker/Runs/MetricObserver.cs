using Atelier.Core;
using Atelier.Core.Fleet.Snapshots;
using Atelier.Core.Metrics;
using Atelier.Core.Runs;
using Atelier.Storage.Snapshots;
using Atelier.Training.Data;
using Atelier.Training.Exports;
using Atelier.Training.Metrics;
using Atelier.Training.Metrics.Detectors;
using Atelier.Training.Step;
using Atelier.Worker.Loop;
using static TorchSharp.torch;

namespace Atelier.Worker.Runs;

/// <summary>
/// Measures snapshots as they are taken: a line a metric in <c>metric-NAME.jsonl</c>, the value in the snapshot's manifest, and
/// a link to the best one. Training waits; its bits do not depend on it.
/// </summary>
public sealed class MetricObserver : ILoopObserver, IDisposable
{
    private readonly RunFolder _folder;
    private readonly RunFiles _notes;
    private readonly EventLog _events;
    private readonly IRunDisplay _display;
    private readonly SnapshotStore _store;
    private readonly SnapshotObserver _snapshots;
    private readonly uint _branch;
    private readonly ImageCount _interval;
    private readonly TimeProvider _time;
    private readonly IReadOnlyList<Metric> _metrics;
    private readonly MetricEvaluation _evaluation;
    private readonly RunRecord _record;
    private readonly StopFlag _leave;
    private readonly SnapshotSchedule _schedule;
    private ImageCount? _measured;

    /// <param name="folder">Where lines and link go.</param>
    /// <param name="notes">Writes the lines.</param>
    /// <param name="events">Told of values.</param>
    /// <param name="display">Told of what could not be measured.</param>
    /// <param name="store">Whose snapshots get the values.</param>
    /// <param name="snapshots">Takes them.</param>
    /// <param name="run">Spec, branch and dataset.</param>
    /// <param name="statistics">Where statistics of the real images are kept; null for the user's cache.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="lanes">Ranges computed at once.</param>
    /// <param name="leave">Asked for, when the run is not to go on like this.</param>
    /// <exception cref="UserErrorException">The spec has a metric that cannot be computed here.</exception>
    public MetricObserver(
        RunFolder folder, RunFiles notes, EventLog events, IRunDisplay display, SnapshotStore store, SnapshotObserver snapshots, PreparedRun run, string? statistics, Device device, int lanes, StopFlag leave, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(run);
        var spec = run.Record.Spec;
        (_record, _leave, _schedule) = (run.Record, leave, SnapshotSchedule.Of(spec));
        (_folder, _notes, _events, _display, _store, _snapshots, _branch, _time) = (folder, notes, events, display, store, snapshots, run.Record.Branch, time);
        _interval = ImageCount.FromKimg(spec.MetricsEvery);
        _metrics = [.. spec.Metrics.Select(MetricCatalog.Find)];
        _evaluation = new MetricEvaluation(
            run.Dataset,
            new EvaluationOptions
            {
                Device = device,
                Detectors = new DetectorFiles([]),
                Cache = new RealStatisticsCache(statistics ?? RealStatisticsCache.DefaultFolder, display.Say),
                Lanes = lanes,
                Seed = spec.Seed,
                Mirror = spec.Mirror,
            },
            time);
        foreach (var metric in _metrics)
            _evaluation.Prepare(metric);
    }

    /// <summary>Told of every value, as a line of its file; null for nobody.</summary>
    public Action<string>? Noted { get; init; }

    /// <summary>Told of the newest value of the first metric, and of how long all of a snapshot's took; null for nobody.</summary>
    public Action<MetricValue, TimeSpan>? Measured { get; set; }

    /// <summary>What the last value means for the run.</summary>
    public QualityVerdict Verdict { get; private set; } = new QualityVerdict.GoOn();

    /// <inheritdoc/>
    public void AfterIteration(LoopMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        if (_snapshots.LastTaken == moment.Now && _schedule.IsMeasured(moment.Now, _interval.Images))
            Measure(moment.State, _metrics);
    }

    /// <summary>Measures the run's last state, unless it has just been measured.</summary>
    public void MeasureLast(TrajectoryState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (_measured != new ImageCount(state.ImageCount))
            Measure(state, _metrics);
    }

    /// <summary>
    /// Measures what was due and is not known of the snapshot that the run goes on from, because the process that took it did not get to
    /// that; and judges it, where it may matter to the run's bits.
    /// </summary>
    public void CatchUp(TrajectoryState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var name = new SnapshotName(_branch, new ImageCount(state.ImageCount)).ToString();
        if (_interval.Images == 0 || _metrics.Count == 0 || Entries().FirstOrDefault(entry => entry.Name.ToString() == name)?.Manifest is not { } manifest)
            return;
        var missing = _metrics.Where(metric => !manifest.Metrics.ContainsKey(metric.Name)).ToList();
        if (missing.Count > 0 && WasDue(new ImageCount(state.ImageCount)))
            Measure(state, missing);
        else if (_record.Spec.Rollbacks > _record.Rollbacks && Find(Facts(), new SnapshotName(_branch, new ImageCount(state.ImageCount))) is { Metric: not null } newest)
            Verdict = Judge(Facts(), newest) as QualityVerdict.RollBack ?? Verdict;
    }

    /// <inheritdoc/>
    public void Dispose() => _evaluation.Dispose();

    private bool WasDue(ImageCount at) => _schedule.IsMeasured(at, _interval.Images) || (at >= _record.Spec.Total && at.Images >= _interval.Images);

    // The state's snapshot is there, or being written.
    private void Measure(TrajectoryState state, IReadOnlyList<Metric> metrics)
    {
        var now = new ImageCount(state.ImageCount);
        _measured = now;
        if (_metrics.Count == 0)
            return;
        var snapshot = new SnapshotName(_branch, now);
        using var generator = NetworkFile.Use(state, state.Device);
        _snapshots.Finish();
        long began = _time.GetTimestamp();
        foreach (var metric in metrics)
        {
            try
            {
                Note(_evaluation.Run(metric, generator.Network, progress: null, CancellationToken.None), snapshot, now);
            }
            catch (Exception e) when (e is UserErrorException or IOException or UnauthorizedAccessException)
            {
                _events.Add(new MetricFailed(_time.GetUtcNow(), now.Kimg, metric.Name, snapshot.ToString(), e.Message));
            }
        }
        if (RunHistory.LatestMetric(_folder, _metrics[0].Name) is { } latest)
            Measured?.Invoke(latest, _time.GetElapsedTime(began));
        var best = _metrics[0];
        if (BestSnapshot.LinkAsync(_store, _folder.Path, best.Name, best.HigherIsBetter, CancellationToken.None).GetAwaiter().GetResult() is { } problem)
            _display.Say(problem);
        var facts = Facts();
        if (Find(facts, snapshot) is not { } newest)
            return;
        Verdict = Judge(facts, newest);
        if (Verdict is not QualityVerdict.GoOn)
            _leave.Request();
    }

    private IReadOnlyList<SnapshotEntry> Entries() => _store.ListAsync(CancellationToken.None).GetAwaiter().GetResult();

    private List<SnapshotFacts> Facts() => [.. _store.FactsAsync(_metrics[0].Name, CancellationToken.None).GetAwaiter().GetResult().Keys];

    private static SnapshotFacts? Find(List<SnapshotFacts> facts, SnapshotName snapshot) => facts.Find(known => known.Name == snapshot.ToString());

    private QualityVerdict Judge(List<SnapshotFacts> facts, SnapshotFacts newest) => QualityPolicy.Judge(facts, newest, _record.Spec, _record.Rollbacks);

    private void Note(MetricReport report, SnapshotName snapshot, ImageCount now)
    {
        var line = report.ToJson(SnapshotStore.FolderOf(snapshot), _time.GetUtcNow());
        line["kimg"] = now.Kimg;
        string file = _folder.Metric(report.Metric.Name);
        // A process that was killed between the line and the manifest has written it.
        if (!File.Exists(file) || !File.ReadLines(file).Any(known => known.Contains($"\"{SnapshotStore.FolderOf(snapshot)}\"", StringComparison.Ordinal)))
            _notes.Append(file, line.ToJsonString());
        Noted?.Invoke(line.ToJsonString());
        _events.Add(new MetricMeasured(_time.GetUtcNow(), now.Kimg, report.Metric.Results[0], report.Value, snapshot.ToString()));
        try
        {
            _store.RecordMetricAsync(snapshot, report.Metric.Name, report.Value, CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (SnapshotDamagedException)
        {
            // The snapshot could not be written, which has been said; the line in the metric's file stands.
        }
    }
}
