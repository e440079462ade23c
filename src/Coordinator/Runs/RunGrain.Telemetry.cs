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

/// <content>What the run shows to those who watch: metrics, spans, alerts.</content>
public sealed partial class RunGrain
{
    /// <summary>Alerts are decided on so often at most.</summary>
    private static readonly TimeSpan BetweenAlerts = TimeSpan.FromSeconds(1);

    /// <summary>So often the store's free space and the progress of evaluations are asked for.</summary>
    private static readonly TimeSpan BetweenQuestions = TimeSpan.FromSeconds(10);

    private long? _alertsDecidedAt;
    private long? _askedAt;
    private long? _freeBytes;
    private long _nonFinite;
    private (double? Generator, double? Discriminator) _losses;
    private long _snapshotBytes;
    private Position _movedTo;
    private (int Samples, DateTimeOffset At)? _measured;
    private GenerationEnd? _lastEnd;

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _metrics.Forget(Name);
        _journal?.Dispose();
        if (_journal is not null) await Task.WhenAny(_journal.Written, Task.Delay(BetweenAlerts, _time, cancellationToken));
    }

    /// <summary>Takes in the lines that the store has of before, and for a run that is new here its events too.</summary>
    private void RecallJournal() => _work.Do(_details!.Store, async (store, cancellation) =>
    {
        IReadOnlyList<string> lines = [], events = [];
        string? problem = null;
        try
        {
            lines = await store.TailAsync(RunStore.Log, RunEvents.LinesKept, cancellation);
            // Whoever writes the run's events beside this coordinator knows what is there, and would write what it is told of once more.
            if (_files.WritesEvents) events = await store.TailAsync(RunStore.Events, RunEvents.EventsKept, cancellation);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            problem = error.Message;
        }

        return () =>
        {
            _events!.Recall([.. lines.Select(LogRow.FromJson).OfType<LogRow>()], events);
            if (problem is not null) _events.AddLine("coordinator", $"cannot read earlier log lines: {problem}");
            return Task.CompletedTask;
        };
    });

    /// <summary>Counts what a decision did, and begins the spans of a new generation before its orders are told.</summary>
    private void Observe(GenerationState former, GenerationDecision decision)
    {
        var (run, now) = (CoordinatorMetrics.Tag("run", Name), decision.State);
        foreach (var ended in decision.Actions.OfType<GenerationEnded>())
        {
            _metrics.Generations.Add(1, run, CoordinatorMetrics.Tag("reason", $"{ended.Why}"));
            _lastEnd = ended.Why;
            if (ended.Why is GenerationEnd.WorkerLost or GenerationEnd.WorkerTrouble) State.Losses.Add(Now);
        }

        if (decision.Actions.OfType<ReplicasDiffered>().Any())
        {
            _metrics.Disagreements.Add(1, run);
            State.DisagreedAt = Now;
        }

        var taken = (Now - former.StageSince).TotalSeconds;
        if (former is { Stage: GenerationStage.Gathering, Plan: not null } && now.Stage == GenerationStage.Preparing) _metrics.HaltDuration.Record(taken, run);
        if (former.Stage == GenerationStage.Preparing && now.Stage == GenerationStage.Running)
        {
            _metrics.PrepareDuration.Record(taken, run);
            if (_lastEnd is GenerationEnd.WorkerLost or GenerationEnd.WorkerTrouble or GenerationEnd.Stall) _metrics.Recoveries.Add(1, run);
            _lastEnd = null;
        }

        if (now.Plan is not { } plan || plan.Id == former.Plan?.Id) return;
        // A decision is over at once, and another replica may carry on: what takes its time are the spans below it.
        var parent = TraceParent.Read(_details!.TraceParent);
        using var span = parent == default ? CoordinatorMetrics.Traces.BeginTrace("generation") : CoordinatorMetrics.Traces.Begin("generation", parent);
        span?.SetTag("run", Name).SetTag("generation", plan.Id.Number).SetTag("workers", plan.Members.Count).SetTag("reason", former.Reason);
        State.Trace = span is null ? _details.TraceParent ?? "" : TraceParent.Write(span.Context);
    }

    /// <summary>What a worker's tick says to alerts.</summary>
    private void ObserveTick(string json)
    {
        _journal!.AddTick(json);
        using var tick = JsonDocument.Parse(json);
        double? Mean(string name) => tick.RootElement.TryGetProperty(name, out var counted) && counted.TryGetProperty("mean", out var mean) && mean.ValueKind == JsonValueKind.Number ? mean.GetDouble() : null;
        _nonFinite = (long)(Mean("Gradients/non_finite") ?? 0);
        _losses = (Mean("Loss/G/loss"), Mean("Loss/D/loss"));
        if (_nonFinite > 0) _metrics.NonFinite.Add(_nonFinite, CoordinatorMetrics.Tag("run", Name));
    }

    /// <summary>A snapshot is whole: its span lies below that of the slice that was told of first.</summary>
    /// <returns>What its evaluations belong to.</returns>
    private string ObserveSnapshot(string trace, DateTimeOffset begun, long bytes, string name)
    {
        var run = CoordinatorMetrics.Tag("run", Name);
        _metrics.SnapshotDuration.Record((Now - begun).TotalSeconds, run);
        _metrics.SnapshotSize.Add(bytes, run);
        _snapshotBytes = bytes;
        using var span = CoordinatorMetrics.Traces.Begin("snapshot", TraceParent.Read(trace), begun);
        span?.SetTag("run", Name).SetTag("snapshot", name).SetTag("bytes", bytes);
        return span is null ? trace : TraceParent.Write(span.Context);
    }

    /// <summary>A metric is known: how it stands to the best one so far.</summary>
    private void ObserveMetric(Metric metric, double value)
    {
        State.Measured[metric.Name] = value;
        if (!double.IsFinite(value)) return;
        var best = State.Best.TryGetValue(metric.Name, out var known) ? known : value;
        State.Best[metric.Name] = metric.HigherIsBetter ? Math.Max(best, value) : Math.Min(best, value);
    }

    private double? Degradation()
    {
        if (_spec!.Metrics is not [var first, ..] || !State.Measured.TryGetValue(first, out var value) || !State.Best.TryGetValue(first, out var best)) return null;
        if (!double.IsFinite(value)) return double.PositiveInfinity;
        var (worse, better) = MetricCatalog.Find(first).HigherIsBetter ? (best, value) : (value, best);
        return better > 0 ? worse / better : null;
    }

    /// <summary>Whether the run is to go on, and has begun: then it should get on.</summary>
    private bool IsToGoOn => _intent == RunIntent.Run && Generation is { Failure: null, IsDone: false, Generation.Number: > 0 } && State.RollingBack is null;

    /// <summary>Tells of what people should know, once each, and leaves what metrics are read from.</summary>
    private async Task WatchAsync()
    {
        if (_alertsDecidedAt is { } last && _time.GetElapsedTime(last) < BetweenAlerts) return;
        // An alert that a former activation raised is not over because this one has just begun to watch.
        if (_alertsDecidedAt is null && State.Alerts.Exists(alert => alert.Kind == AlertKind.StalledRun)) _movedTo = Generation.Reached;
        if (!IsToGoOn) State.MovedAt = null;
        else if (State.MovedAt is null || _movedTo != Generation.Reached) State.MovedAt = Now;
        _movedTo = Generation.Reached;
        State.Losses.RemoveAll(lost => Now - lost > _alerts.LossWindow);
        _alertsDecidedAt = _time.GetTimestamp();
        await AskAsync();
        var facts = new AlertFacts
        {
            Standstill = Now - State.MovedAt,
            NonFinite = _nonFinite,
            SinceDisagreement = Now - State.DisagreedAt,
            Losses = State.Losses.Count,
            Degradation = Degradation(),
            Explosion = _spec!.Explosion,
            FreeBytes = _freeBytes,
            SnapshotBytes = _snapshotBytes,
            EvaluationStandstill = Now - _measured?.At,
        };
        var decision = AlertPolicy.Decide(State.Alerts, facts, _alerts, Now);
        if (decision.Raised.Count + decision.Cleared.Count > 0)
        {
            State.Alerts = [.. decision.Active];
            var kimg = Schedule.ImagesAt(Generation.Reached.Iteration).Kimg;
            foreach (var raised in decision.Raised) Log(new AlertRaised(Now, kimg, raised.Kind, raised.Text));
            foreach (var cleared in decision.Cleared) Log(new AlertCleared(Now, kimg, cleared.Kind, cleared.Since));
            await StoreAsync();
            foreach (var raised in decision.Raised) _webhook.Send(Name, raised, isRaised: true);
            foreach (var cleared in decision.Cleared) _webhook.Send(Name, cleared, isRaised: false);
        }

        var images = Schedule.ImagesAt(Generation.Reached.Iteration).Images;
        _metrics.Publish(new RunReading(
            Name, images, _spec.Total.Images, State.SnapshotImages ?? 0, Generation.Stage == GenerationStage.Running && _rate.PerSecond(Now) is { } rate ? rate * _spec.Batch : 0,
            Generation.Held.Count, Generation.Generation.Number, State.MovedAt, facts, new Dictionary<string, double>(State.Measured), State.Alerts));
    }

    /// <summary>Asks for what is not at hand: the store answers later, by its work.</summary>
    private async Task AskAsync()
    {
        if (State.Measuring.Count == 0) _measured = null;
        if (_askedAt is { } last && _time.GetElapsedTime(last) < BetweenQuestions) return;
        _askedAt = _time.GetTimestamp();
        if (State.Measuring.Count > 0)
        {
            var samples = (await Evaluations.ListAsync(Name)).Sum(row => row.SamplesDone);
            if (_measured?.Samples != samples) _measured = (samples, Now);
        }

        _work.Do(_details!.Store, (store, _) =>
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
