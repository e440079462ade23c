using Atelier.Coordinator.Alerts;
using Atelier.Coordinator.Evaluations;
using Atelier.Coordinator.Fleet;
using Atelier.Coordinator.Hosting;
using Atelier.Coordinator.Storage;
using Atelier.Coordinator.Telemetry;
using Atelier.Core;
using Atelier.Core.Alerts;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Fleet.Queue;
using Atelier.Core.Fleet.Snapshots;
using Atelier.Core.Runs;
using Atelier.Core.Specs;
using Atelier.Storage.Snapshots;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Atelier.Coordinator.Runs;

/// <summary>
/// Carries out <see cref="GenerationPolicy"/> for one run: observes, decides, stores, tells workers, in this order. The rest it leaves to
/// its parts: <see cref="RunStart"/>, <see cref="RunSnapshots"/>, <see cref="RunRetention"/>, <see cref="RunEvaluations"/>,
/// <see cref="RunQuality"/> and <see cref="RunObserver"/>; what is done to the run's store, to <see cref="StoreWork"/>.
/// </summary>
public sealed partial class RunGrain : StoringGrain<RunGrainState>, IRunGrain, IDisposable
{
    /// <summary>Reports that come together are decided on together.</summary>
    private static readonly TimeSpan ShortestGathering = TimeSpan.FromMilliseconds(10);

    /// <summary>Where many come, taking them in has twice the time that deciding takes.</summary>
    private static readonly TimeSpan LongestGathering = TimeSpan.FromMilliseconds(100);

    /// <summary>So long the lines of an activation that ends may take to be written.</summary>
    private static readonly TimeSpan LastWrites = TimeSpan.FromSeconds(1);

    private readonly GenerationSettings _settings;
    private readonly ClusterIdentity _cluster;
    private readonly TimeProvider _time;
    private readonly WorkerMessenger _messenger;
    private readonly RunFiles _files;
    private readonly ILogger<RunGrain> _log;
    private readonly CoordinatorMetrics _metrics;
    private readonly AlertSettings _alerts;
    private readonly AlertWebhook _webhook;
    private readonly PulseLimit _pulse;
    private readonly List<WorkerReport> _heard = [];
    private readonly Dictionary<string, long> _warm = [];
    private IGrainTimer? _soon;
    private StoreWork _work = null!;
    private Parts? _parts;
    private bool _isDue;
    private long? _storedIteration;
    private TimeSpan _gathering = ShortestGathering;
    private (string Name, RunDetails? Details, WireMessage Message) _told = ("", null, null!);

    /// <param name="storage">The state.</param>
    /// <param name="settings">Deadlines.</param>
    /// <param name="cluster">Whose orders its orders are.</param>
    /// <param name="messenger">Sends them.</param>
    /// <param name="files">Whether events go into run folders.</param>
    /// <param name="log">Told of what should not happen.</param>
    /// <param name="metrics">Left what metrics are read from.</param>
    /// <param name="alerts">When people are told.</param>
    /// <param name="webhook">Told of alerts.</param>
    /// <param name="time">The clock.</param>
    public RunGrain(
        [PersistentState("run")] IPersistentState<RunGrainState> storage, GenerationSettings settings, ClusterIdentity cluster, WorkerMessenger messenger, RunFiles files, ILogger<RunGrain> log,
        CoordinatorMetrics metrics, AlertSettings alerts, AlertWebhook webhook, TimeProvider time)
        : base(storage) =>
        (_settings, _cluster, _messenger, _files, _log, _metrics, _alerts, _webhook, _time, _pulse) = (settings, cluster, messenger, files, log, metrics, alerts, webhook, time, new(time));

    private GenerationState Generation => State.Generation!;

    private IFleetGrain Fleet => GrainFactory.GetGrain<IFleetGrain>(0);

    private string Name => this.GetPrimaryKeyString();

    private DateTimeOffset Now => _time.GetUtcNow();

    private ActiveRun Run => _parts!.Run;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _soon = this.RegisterGrainTimer(_ => DecideIfDueAsync(), new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));
        var self = this.AsReference<IRunGrain>();
        _work = new StoreWork(self.WakeAsync, _log, _time);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _metrics.Forget(Name);
        if (_parts is null) return;
        Run.Journal.Dispose();
        await Task.WhenAny(Run.Journal.Written, Task.Delay(LastWrites, _time, cancellationToken));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _work?.Dispose();
        _parts?.Run.Journal.Dispose();
    }

    /// <inheritdoc/>
    public Task PulseAsync() => _pulse.IsTooSoon ? Task.CompletedTask : DecideAsync();

    /// <inheritdoc/>
    public Task WakeAsync() => DecideAsync();

    /// <inheritdoc/>
    public async Task ReportAsync(WorkerReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        if (!await PrepareAsync())
        {
            // A run that nobody knows here: whoever holds it is to let it go. One that is being read is known, and asks again.
            if (_parts is null && report.Stage != WorkerStage.Idle)
                await TellAsync([report.Worker.Value], report.Stage == WorkerStage.Halted ? new ReleaseOrder(new(State.Epoch), new(Name), report.Generation) : new HaltOrder(new(State.Epoch), new(Name), report.Generation));
            return;
        }

        var former = Generation.ReportOf(report.Worker);
        _heard.Add(report);
        // Progress alone changes no decision that the next pulse could not make.
        if (former is null || (former.Stage, former.Generation, former.Trouble) != (report.Stage, report.Generation, report.Trouble)) DecideSoon();
    }

    /// <inheritdoc/>
    public async Task WarmedAsync(WorkerKey worker, bool isWarm, string trouble)
    {
        ArgumentNullException.ThrowIfNull(worker);
        if (!await PrepareAsync()) return;
        if (trouble.Length > 0)
        {
            State.Generation = GenerationReports.CannotWarmUp(Generation, new(worker.Worker), worker.Incarnation, trouble, _settings, Now);
        }
        else if (isWarm && _warm.GetValueOrDefault(worker.Worker) != worker.Incarnation)
        {
            _warm[worker.Worker] = worker.Incarnation;
            DecideSoon();
        }
        else if (!isWarm)
        {
            _warm.Remove(worker.Worker);
        }
    }

    /// <inheritdoc/>
    public async Task CheckAsync(CheckReport check)
    {
        if (!await PrepareAsync()) return;
        State.Generation = GenerationReports.Observe(Generation, check);
        DecideSoon();
    }

    /// <inheritdoc/>
    public async Task ResumedAsync(RunDetails details)
    {
        ArgumentNullException.ThrowIfNull(details);
        if (!await PrepareAsync()) return;
        (Run.Details, Run.Spec) = (details with { Branch = Math.Max(details.Branch, State.Branch) }, RunSpecJson.Read(details.SpecJson, "the spec"));
        State.Generation = GenerationReports.Resumed(Generation, Run.Shape);
        await StoreAsync();
        await DecideAsync();
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "run {Run} could not decide what to do next; retrying at its next pulse")]
    private static partial void Delayed(ILogger logger, string run, Exception error);

    private void DecideSoon()
    {
        if (_isDue) return;
        _isDue = true;
        _soon!.Change(_gathering, Timeout.InfiniteTimeSpan);
    }

    private async Task DecideIfDueAsync()
    {
        if (!_isDue) return;
        try
        {
            await DecideAsync();
        }
        catch (Exception error) when (GrainCalls.IsPassing(error))
        {
            Delayed(_log, Name, error);
        }
    }

    private async Task DecideAsync()
    {
        _isDue = false;
        _pulse.Beat();
        if (!await PrepareAsync()) return;
        var parts = _parts!;
        var start = _time.GetTimestamp();
        // Again while evictions change the fleet, or the fleet has yet to hear where the run stands now.
        for (var round = 0; round < 4; round++)
        {
            if (await _work.CompleteAsync() || Run.IsUnstored) await StoreChangesAsync();
            var told = Standing();
            await LookAsync(told);
            State.Generation = GenerationReports.Observe(Generation, _heard);
            _heard.Clear();
            ObserveProgress();
            parts.Quality.JudgeIfDue();
            var decision = GenerationPolicy.Decide(Generation, ViewOf(), _settings, Now);
            await KeepAsync(decision);
            var evictions = decision.Actions.OfType<EvictWorker>().ToList();
            foreach (var eviction in evictions) await EvictAsync(eviction);
            // Members of a generation are told the same.
            foreach (var tells in decision.Actions.OfType<Tell>().Where(tell => !evictions.Exists(eviction => eviction.Worker == tell.Worker)).GroupBy(tell => RunMessages.NameOf(tell.Order)))
                await TellAsync([.. tells.Select(tell => tell.Worker.Value)], tells.First().Order);
            await parts.Snapshots.StepAsync();
            if (Run.Intent is RunIntent.Cancel or RunIntent.Discard && Generation.Held.Count == 0) await parts.Evaluations.DropAsync(_ => true);
            var now = Standing();
            if (evictions.Count == 0 && now.Status == told.Status && now.Held.SequenceEqual(told.Held)) break;
        }

        await parts.Observer.WatchAsync();
        var twice = 2 * _time.GetElapsedTime(start);
        _gathering = twice < ShortestGathering ? ShortestGathering : twice > LongestGathering ? LongestGathering : twice;
    }

    /// <summary>Loads what belongs to the run. False where there is no such run, or its store has not been read yet.</summary>
    private async Task<bool> PrepareAsync()
    {
        if (_parts is null)
        {
            if (await Fleet.DetailsAsync(Name) is not { } details) return false;
            var spec = RunSpecJson.Read(details.SpecJson, "the spec");
            await TakeOverAsync();
            await BelongToAsync(details);
            _parts = PartsOf(details, spec);
            Run.Events.Resume();
            _parts.Start.RecallJournal(_files.WritesEvents);
            _metrics.Begin(Name);
            _storedIteration = State.Generation?.Reached.Iteration;
            if (State.Generation is not null) _parts.Start.GoOn();
        }

        if (State.Generation is null)
        {
            _parts.Start.Load();
            if (!await _work.CompleteAsync()) return false;
        }

        if (State.Branch > Run.Details.Branch) Run.Details = Run.Details with { Branch = State.Branch };
        return State.Generation is not null;
    }

    private Parts PartsOf(RunDetails details, RunSpec spec)
    {
        var journal = new RunJournal(new RunStore(details.Store, _time), _log, _time);
        var run = new ActiveRun(() => State, _work)
        {
            Name = Name,
            Details = details,
            Spec = spec,
            Epoch = Epoch,
            Cluster = _cluster,
            Grains = GrainFactory,
            Messenger = _messenger,
            Events = new RunEvents(Name, State.Events, journal, _files.WritesEvents, _log, _time) { Generation = () => State.Generation?.Generation.Number ?? 0 },
            Journal = journal,
            Metrics = _metrics,
            Logger = _log,
            Time = _time,
            StoreAsync = StoreAsync,
            DecideSoon = DecideSoon,
        };
        var (retention, observer) = (new RunRetention(run), new RunObserver(run, _alerts, _webhook));
        var evaluations = new RunEvaluations(run, retention, observer);
        var (snapshots, quality) = (new RunSnapshots(run, retention, evaluations, observer, _settings.LongestWithoutSnapshot), new RunQuality(run, evaluations));
        return new(run, new RunStart(run, snapshots, evaluations, quality), snapshots, retention, evaluations, quality, observer);
    }

    /// <summary>What is stored of a run that was forgotten, whose name another has now, is not that other's.</summary>
    private async Task BelongToAsync(RunDetails details)
    {
        if (State.SubmittedUnixMs == details.SubmittedUnixMs) return;
        if (State.SubmittedUnixMs is not null)
        {
            if (State.Measuring.Count > 0) await GrainFactory.GetGrain<IEvaluationsGrain>(0).DropAsync(State.Measuring);
            await BeginAnewAsync(new());
        }

        State.SubmittedUnixMs = details.SubmittedUnixMs;
    }

    private async Task StoreChangesAsync()
    {
        Run.IsUnstored = false;
        await StoreAsync();
    }

    private async Task LookAsync(RunStanding standing)
    {
        FleetView view;
        try
        {
            view = await Fleet.LookAsync(standing);
        }
        catch (RunNotFoundException)
        {
            // It was deleted, and perhaps submitted anew: that run's grain begins without what this one knows.
            DeactivateOnIdle();
            throw;
        }

        Run.Intent = view.Intent;
        Run.Live = view.Live.ToDictionary(row => row.Worker);
    }

    private RunStanding Standing() => new(Name, _parts!.Quality.StatusNow(), Generation.Failure ?? _work.Trouble, [.. Generation.Held.Select(worker => worker.Value)], Run.Details.SubmittedUnixMs);

    private RunView ViewOf()
    {
        var held = Generation.Held.Select(worker => worker.Value).ToHashSet();
        // A worker that holds the run has got ready for it.
        bool IsWarm(LiveRow row) => _warm.GetValueOrDefault(row.Worker) == row.Incarnation || held.Contains(row.Worker);
        return new(new(Epoch), Run.Intent, [.. Run.Live.Values.Select(row => new LiveWorker(new(row.Worker), row.Incarnation, row.MayServe, IsWarm(row)))]);
    }

    /// <summary>Stores what was decided, before anything is done about it. What the next reports tell again is not worth a write.</summary>
    private async Task KeepAsync(GenerationDecision decision)
    {
        var former = Generation;
        _parts!.Observer.Observe(former, decision);
        State.Generation = decision.State;
        var begins = decision.State.Stage == GenerationStage.Running && former.Stage != GenerationStage.Running;
        foreach (var line in decision.Actions.OfType<LogEvent>())
        {
            Run.Log(new FleetNoted(Now, Run.Schedule.ImagesAt(decision.State.Reached.Iteration).Kimg, decision.State.Generation.Number, line.Text)
            {
                Members = begins ? [.. decision.State.Plan!.Members.Select(member => member.Worker.Value)] : null,
            });
        }

        foreach (var discard in decision.Actions.OfType<DiscardSnapshots>()) _parts.Retention.Discard(discard.After);
        if (begins) _parts.Snapshots.Remember(decision.State.Plan!);
        if (WithoutReports(decision.State) != WithoutReports(former)) await StoreAsync();
    }

    private static GenerationState WithoutReports(GenerationState state) =>
        state with { Reports = [], Checks = [], Newcomers = [], Reached = default, ProgressAt = default };

    private async Task EvictAsync(EvictWorker eviction)
    {
        foreach (var dismissal in await Fleet.EvictAsync(eviction.Worker.Value, eviction.Reason, eviction.IsBan))
            await _messenger.DismissAsync(dismissal.Worker, $"{dismissal.Worker} was evicted: {dismissal.Reason}");
    }

    private Task TellAsync(List<string> workers, WorkerOrder order)
    {
        var (name, details) = (RunMessages.NameOf(order), _parts?.Run.Details);
        // Said again until it is done; all but the first time find it ready.
        if (_told.Name != name || _told.Details != details)
        {
            _told = (name, details, new WireMessage(details is null
                ? RunMessages.ToMessage(order, _cluster, new RunDetails { Run = Name, SpecJson = "", DataPath = "", Store = "" }, new Dictionary<string, LiveRow>(), State.Trace, _ => "")
                : RunMessages.ToMessage(order, _cluster, details, Run.Live, State.Trace, position => State.Snapshots.GetValueOrDefault(position.Iteration, ""))));
        }

        return _messenger.TellAsync(workers, name, _told.Message);
    }

    private sealed record Parts(
        ActiveRun Run, RunStart Start, RunSnapshots Snapshots, RunRetention Retention, RunEvaluations Evaluations, RunQuality Quality, RunObserver Observer);
}

/// <summary>The run's grain cannot take something in yet; it is told again.</summary>
[GenerateSerializer, Alias("atelier.run-not-ready")]
public sealed class RunNotReadyException : OrleansException
{
}

/// <summary>What a coordinator writes into the folders of runs, besides snapshots.</summary>
/// <param name="WritesEvents">Whether events go into `events.jsonl`; false where whoever started the coordinator does that.</param>
public sealed record RunFiles(bool WritesEvents);
