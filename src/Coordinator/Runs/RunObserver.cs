using System.Diagnostics;
using System.Text.Json;
using Atelier.Coordinator.Alerts;
using Atelier.Coordinator.Telemetry;
using Atelier.Core.Alerts;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Fleet.Queue;
using Atelier.Core.Metrics;
using Atelier.Core.Runs;
using Atelier.Core.Telemetry;
using Orleans;

namespace Atelier.Coordinator.Runs;

/// <summary>What a run shows to those who watch: metrics, spans, alerts.</summary>
/// <param name="run">The run.</param>
/// <param name="alerts">When people are told.</param>
/// <param name="webhook">Told of alerts.</param>
internal sealed class RunObserver(ActiveRun run, AlertSettings alerts, AlertWebhook webhook)
{
    /// <summary>Alerts are decided on so often at most.</summary>
    private static readonly TimeSpan BetweenAlerts = TimeSpan.FromSeconds(1);

    /// <summary>So often the store's free space and the progress of evaluations are asked for.</summary>
    private static readonly TimeSpan BetweenQuestions = TimeSpan.FromSeconds(10);

    private long? _alertsDecidedAt;
    private long? _askedAt;
    private long? _freeBytes;
    private long _nonFinite;
    private long _snapshotBytes;
    private Position _movedTo;
    private (int Samples, DateTimeOffset At)? _measured;
    private GenerationEnd? _lastEnd;

    /// <summary>Means over the last tick that this activation was told of; null before.</summary>
    public (double? Generator, double? Discriminator) Losses { get; private set; }

    /// <summary>Counts what a decision did, and begins the spans of a new generation before its orders are told.</summary>
    public void Observe(GenerationState former, GenerationDecision decision)
    {
        var (tag, now) = (CoordinatorMetrics.Tag("run", run.Name), decision.State);
        foreach (var ended in decision.Actions.OfType<GenerationEnded>())
        {
            run.Metrics.Generations.Add(1, tag, CoordinatorMetrics.Tag("reason", $"{ended.Why}"));
            _lastEnd = ended.Why;
            if (ended.Why is GenerationEnd.WorkerLost or GenerationEnd.WorkerTrouble) run.State.Losses.Add(run.Now);
        }

        if (decision.Actions.OfType<ReplicasDiffered>().Any())
        {
            run.Metrics.Disagreements.Add(1, tag);
            run.State.DisagreedAt = run.Now;
        }

        var taken = (run.Now - former.StageSince).TotalSeconds;
        if (former is { Stage: GenerationStage.Gathering, Plan: not null } && now.Stage == GenerationStage.Preparing) run.Metrics.HaltDuration.Record(taken, tag);
        if (former.Stage == GenerationStage.Preparing && now.Stage == GenerationStage.Running)
        {
            run.Metrics.PrepareDuration.Record(taken, tag);
            if (_lastEnd is GenerationEnd.WorkerLost or GenerationEnd.WorkerTrouble or GenerationEnd.Stall) run.Metrics.Recoveries.Add(1, tag);
            _lastEnd = null;
        }

        if (now.Plan is not { } plan || plan.Id == former.Plan?.Id) return;
        // A decision is over at once, and another replica may carry on: what takes its time are the spans below it.
        var parent = TraceParent.Read(run.Details.TraceParent);
        using var span = parent == default ? CoordinatorMetrics.Traces.BeginTrace("generation") : CoordinatorMetrics.Traces.Begin("generation", parent);
        span?.SetTag("run", run.Name).SetTag("generation", plan.Id.Number).SetTag("workers", plan.Members.Count).SetTag("reason", former.Reason);
        run.State.Trace = span is null ? run.Details.TraceParent ?? "" : TraceParent.Write(span.Context);
    }

    /// <summary>What a worker's tick says to alerts.</summary>
    public void ObserveTick(string json)
    {
        run.Journal.AddTick(json);
        using var tick = JsonDocument.Parse(json);
        _nonFinite = (long)(TickLines.Mean(tick.RootElement, "Gradients/non_finite") ?? 0);
        Losses = (TickLines.Mean(tick.RootElement, "Loss/G/loss"), TickLines.Mean(tick.RootElement, "Loss/D/loss"));
        if (_nonFinite > 0) run.Metrics.NonFinite.Add(_nonFinite, CoordinatorMetrics.Tag("run", run.Name));
    }

    /// <summary>A snapshot is whole: its span lies below that of the slice that was told of first.</summary>
    /// <returns>What its evaluations belong to.</returns>
    public string ObserveSnapshot(string trace, DateTimeOffset begun, long bytes, string name)
    {
        var tag = CoordinatorMetrics.Tag("run", run.Name);
        run.Metrics.SnapshotDuration.Record((run.Now - begun).TotalSeconds, tag);
        run.Metrics.SnapshotSize.Add(bytes, tag);
        _snapshotBytes = bytes;
        using var span = CoordinatorMetrics.Traces.Begin("snapshot", TraceParent.Read(trace), begun);
        span?.SetTag("run", run.Name).SetTag("snapshot", name).SetTag("bytes", bytes);
        return span is null ? trace : TraceParent.Write(span.Context);
    }

    /// <summary>A metric is known: how it stands to the best one so far.</summary>
    public void ObserveMetric(Metric metric, double value)
    {
        run.State.Measured[metric.Name] = value;
        if (!double.IsFinite(value)) return;
        var best = run.State.Best.TryGetValue(metric.Name, out var known) ? known : value;
        run.State.Best[metric.Name] = metric.HigherIsBetter ? Math.Max(best, value) : Math.Min(best, value);
    }

    private double? Degradation()
    {
        if (run.FirstMetric is not { } first || !run.State.Measured.TryGetValue(first, out var value) || !run.State.Best.TryGetValue(first, out var best)) return null;
        if (!double.IsFinite(value)) return double.PositiveInfinity;
        var (worse, better) = MetricCatalog.Find(first).HigherIsBetter ? (best, value) : (value, best);
        return better > 0 ? worse / better : null;
    }

    /// <summary>Whether the run is to go on, and has begun: then it should get on.</summary>
    private bool IsToGoOn => run.Intent == RunIntent.Run && run.Generation is { Failure: null, IsDone: false, Generation.Number: > 0 } && run.State.RollingBack is null;

    /// <summary>Tells of what people should know, once each, and leaves what metrics are read from.</summary>
    public async Task WatchAsync()
    {
        if (_alertsDecidedAt is { } last && run.Time.GetElapsedTime(last) < BetweenAlerts) return;
        // An alert that a former activation raised is not over because this one has just begun to watch.
        if (_alertsDecidedAt is null && run.State.Alerts.Exists(alert => alert.Kind == AlertKind.StalledRun)) _movedTo = run.Generation.Reached;
        if (!IsToGoOn) run.State.MovedAt = null;
        else if (run.State.MovedAt is null || _movedTo != run.Generation.Reached) run.State.MovedAt = run.Now;
        _movedTo = run.Generation.Reached;
        run.State.Losses.RemoveAll(lost => run.Now - lost > alerts.LossWindow);
        _alertsDecidedAt = run.Time.GetTimestamp();
        await AskAsync();
        var facts = new AlertFacts
        {
            Standstill = run.Now - run.State.MovedAt,
            NonFinite = _nonFinite,
            SinceDisagreement = run.Now - run.State.DisagreedAt,
            Losses = run.State.Losses.Count,
            Degradation = Degradation(),
            Explosion = run.Spec.Explosion,
            FreeBytes = _freeBytes,
            SnapshotBytes = _snapshotBytes,
            EvaluationStandstill = run.Now - _measured?.At,
        };
        var decision = AlertPolicy.Decide(run.State.Alerts, facts, alerts, run.Now);
        if (decision.Raised.Count + decision.Cleared.Count > 0)
        {
            run.State.Alerts = [.. decision.Active];
            var kimg = run.Schedule.ImagesAt(run.Generation.Reached.Iteration).Kimg;
            foreach (var raised in decision.Raised) run.Log(new AlertRaised(run.Now, kimg, raised.Kind, raised.Text));
            foreach (var cleared in decision.Cleared) run.Log(new AlertCleared(run.Now, kimg, cleared.Kind, cleared.Since));
            await run.StoreAsync();
            foreach (var raised in decision.Raised) webhook.Send(run.Name, raised, isRaised: true);
            foreach (var cleared in decision.Cleared) webhook.Send(run.Name, cleared, isRaised: false);
        }

        var images = run.Schedule.ImagesAt(run.Generation.Reached.Iteration).Images;
        run.Metrics.Publish(new RunReading(
            run.Name, images, run.Spec.Total.Images, run.State.SnapshotImages ?? 0, run.Generation.Stage == GenerationStage.Running && run.Rate.PerSecond(run.Now) is { } rate ? rate * run.Spec.Batch : 0,
            run.Generation.Held.Count, run.Generation.Generation.Number, run.State.MovedAt, facts, new Dictionary<string, double>(run.State.Measured), run.State.Alerts));
    }

    /// <summary>Asks for what is not at hand: the store answers later, by its work.</summary>
    private async Task AskAsync()
    {
        if (run.State.Measuring.Count == 0) _measured = null;
        if (_askedAt is { } last && run.Time.GetElapsedTime(last) < BetweenQuestions) return;
        _askedAt = run.Time.GetTimestamp();
        if (run.State.Measuring.Count > 0)
        {
            var samples = (await run.Evaluations.ListAsync(run.Name)).Sum(row => row.SamplesDone);
            if (_measured?.Samples != samples) _measured = (samples, run.Now);
        }

        run.Do((store, _) =>
        {
            var free = store.FreeBytes();
            return Task.FromResult<Func<Task>>(() =>
            {
                _freeBytes = free;
                return Task.CompletedTask;
            });
        });
    }
}
