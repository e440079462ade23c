using System.Text.Json;
using Atelier.Coordinator.Fleet;
using Atelier.Coordinator.Snapshots;
using Atelier.Coordinator.Storage;
using Atelier.Core;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Fleet.Queue;
using Atelier.Core.Fleet.Snapshots;
using Atelier.Core.Runs;
using Atelier.Core.Specs;
using Atelier.Protos;
using Atelier.Storage.Blobs;
using Atelier.Storage.Snapshots;
using Orleans;
using Orleans.Runtime;
using RunEvent = Atelier.Core.Runs.RunEvent;
using RunStatus = Atelier.Core.Fleet.Queue.RunStatus;

namespace Atelier.Coordinator.Runs;

/// <summary>
/// Carries out <see cref="GenerationPolicy"/> for one run: observes, decides, stores, acts, in this order. This part has the
/// protocol; the others have the snapshots and what people see.
/// </summary>
public sealed partial class RunGrain : StoringGrain<RunGrainState>, IRunGrain
{
    /// <summary>Reports that come together are decided on together.</summary>
    private static readonly TimeSpan ShortestGathering = TimeSpan.FromMilliseconds(10);

    /// <summary>Where many come, taking them in has twice the time that deciding takes.</summary>
    private static readonly TimeSpan LongestGathering = TimeSpan.FromMilliseconds(100);

    private readonly GenerationSettings _settings;
    private readonly ClusterIdentity _cluster;
    private readonly TimeProvider _time;
    private readonly RunFiles _files;
    private IGrainTimer? _soon;
    private bool _isDue;
    private RunDetails? _details;
    private RunSpec? _spec;
    private Dictionary<string, LiveRow> _live = [];
    private RunIntent _intent;
    private readonly List<WorkerReport> _heard = [];
    private TimeSpan _gathering = ShortestGathering;
    private (string Name, WireMessage Message) _told = ("", null!);

    /// <param name="storage">The state.</param>
    /// <param name="settings">Deadlines.</param>
    /// <param name="cluster">Whose orders its orders are.</param>
    /// <param name="files">Whether events go into run folders.</param>
    /// <param name="time">The clock.</param>
    public RunGrain([PersistentState("run")] IPersistentState<RunGrainState> storage, GenerationSettings settings, ClusterIdentity cluster, RunFiles files, TimeProvider time)
        : base(storage) =>
        (_settings, _cluster, _files, _time) = (settings, cluster, files, time);

    private GenerationState Generation => State.Generation!;

    private IFleetGrain Fleet => GrainFactory.GetGrain<IFleetGrain>(0);

    private string Name => this.GetPrimaryKeyString();

    private DateTimeOffset Now => _time.GetUtcNow();

    private SnapshotSchedule Schedule => new(State.BaseIteration, State.BaseImages, _spec!.Batch, ImageCount.FromKimg(_spec.SnapshotKimg).Images);

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // Events that were told but not stored had numbers too; nobody who saw them is to miss what comes.
        if (State.NextEvent > 1) State.NextEvent += EventsKept;
        _soon = this.RegisterGrainTimer(_ => DecideIfDueAsync(), new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task PulseAsync() => DecideAsync();

    /// <inheritdoc/>
    public async Task ReportAsync(string report)
    {
        var read = JsonSerializer.Deserialize<WorkerReport>(report)!;
        if (!await PrepareAsync())
        {
            // A run that nobody knows here: whoever holds it is to let it go.
            WorkerOrder order = read.Stage == Core.Fleet.Generations.WorkerStage.Halted
                ? new ReleaseOrder(new(State.Epoch), new(Name), read.Generation)
                : new HaltOrder(new(State.Epoch), new(Name), read.Generation);
            if (read.Stage != Core.Fleet.Generations.WorkerStage.Idle) await TellAsync(read.Worker.Value, order);
            return;
        }

        var former = Generation.ReportOf(read.Worker);
        _heard.Add(read);
        // Progress alone changes no decision that the next pulse could not make.
        if (former is null || (former.Stage, former.Generation, former.Trouble) != (read.Stage, read.Generation, read.Trouble)) DecideSoon();
    }

    /// <inheritdoc/>
    public async Task CheckAsync(string check)
    {
        if (!await PrepareAsync()) return;
        State.Generation = GenerationReports.Observe(Generation, JsonSerializer.Deserialize<CheckReport>(check)!);
        DecideSoon();
    }

    /// <inheritdoc/>
    public async Task ResumedAsync(RunDetails details)
    {
        if (!await PrepareAsync()) return;
        (_details, _spec) = (details with { Branch = Math.Max(details.Branch, State.Branch) }, RunSpecJson.Read(details.SpecJson, "the spec"));
        State.Generation = GenerationReports.Resumed(Generation, ShapeOf(details, _spec));
        await StoreAsync();
        await DecideAsync();
    }

    private void DecideSoon()
    {
        if (_isDue) return;
        _isDue = true;
        _soon!.Change(_gathering, Timeout.InfiniteTimeSpan);
    }

    private Task DecideIfDueAsync() => _isDue ? DecideAsync() : Task.CompletedTask;

    private async Task DecideAsync()
    {
        _isDue = false;
        if (!await PrepareAsync()) return;
        var start = _time.GetTimestamp();
        // Again while evictions change the fleet, or the fleet has yet to hear where the run stands now.
        for (var round = 0; round < 4; round++)
        {
            var told = Standing();
            await LookAsync(told);
            State.Generation = GenerationReports.Observe(Generation, _heard);
            _heard.Clear();
            await JudgeAsync();
            var decision = GenerationPolicy.Decide(Generation, ViewOf(), _settings, Now);
            await KeepAsync(decision);
            var evictions = decision.Actions.OfType<EvictWorker>().ToList();
            foreach (var eviction in evictions) await EvictAsync(eviction);
            await Task.WhenAll(decision.Actions.OfType<Tell>()
                .Where(tell => !evictions.Exists(eviction => eviction.Worker == tell.Worker)).Select(tell => TellAsync(tell.Worker.Value, tell.Order)));
            foreach (var discard in decision.Actions.OfType<DiscardSnapshots>()) await DiscardAsync(discard.After);
            await StepSnapshotsAsync();
            if (_intent == RunIntent.Cancel) await DropEvaluationsAsync(_ => true);
            var now = Standing();
            if (evictions.Count == 0 && now.Status == told.Status && now.Held.SequenceEqual(told.Held)) break;
        }

        var twice = 2 * _time.GetElapsedTime(start);
        _gathering = twice < ShortestGathering ? ShortestGathering : twice > LongestGathering ? LongestGathering : twice;
    }

    /// <summary>Loads what belongs to the run. False where there is no such run.</summary>
    private async Task<bool> PrepareAsync()
    {
        if (_details is null)
        {
            _details = await Fleet.DetailsAsync(Name);
            if (_details is null) return false;
            _spec = RunSpecJson.Read(_details.SpecJson, "the spec");
        }

        await TakeOverAsync();

        if (State.Generation is null) await BeginAsync();
        if (State.Branch > _details.Branch) _details = _details with { Branch = State.Branch };
        return true;
    }

    private async Task BeginAsync()
    {
        var store = Store();
        await store.CleanAsync(CancellationToken.None);
        var search = await store.OpenNewestAsync(CancellationToken.None);
        using var newest = search.Snapshot;
        foreach (var refused in search.Refused)
            Log(new SnapshotRefused(Now, refused.Name.At.Kimg, refused.Name.ToString(), refused.Reason, newest?.Name.ToString()));
        if (newest is not null)
        {
            (State.BaseIteration, State.BaseImages) = (newest.Manifest.Iteration, newest.Manifest.ImageCount);
            State.Snapshots[newest.Manifest.Iteration] = newest.Name.ToString();
            State.SnapshotImages = newest.Manifest.ImageCount;
            State.MeasuredImages = newest.Manifest.ImageCount;
            State.Branch = newest.Name.Branch;
            if (_spec!.Rollbacks > 0) State.Unjudged.Add(newest.Name.ToString());
        }

        State.Generation = GenerationState.New(
            new(Name), ShapeOf(_details!, _spec!), newest is null ? [] : [new Position(newest.Manifest.Iteration, 0)]);
        await StoreAsync();
    }

    private RunShape ShapeOf(RunDetails details, RunSpec spec)
    {
        var schedule = new SnapshotSchedule(State.BaseIteration, State.BaseImages, spec.Batch, 0);
        return new(spec.Shards, details.MinWorkers, details.MaxWorkers, schedule.IterationAt(spec.Total), spec.TickIterations);
    }

    private async Task LookAsync(RunStanding standing)
    {
        var view = await Fleet.LookAsync(standing);
        _intent = Enum.Parse<RunIntent>(view.Intent);
        _live = view.Live.ToDictionary(row => row.Worker);
    }

    private RunStanding Standing() => new(Name, StatusNow().ToString(), Generation.Failure, [.. Generation.Held.Select(worker => worker.Value)]);

    private RunView ViewOf() =>
        new(new(Epoch), _intent, [.. _live.Values.Select(row => new LiveWorker(new(row.Worker), row.Incarnation, row.MayServe))]);

    /// <summary>Stores what was decided, before anything is done about it. What the next reports tell again is not worth a write.</summary>
    private async Task KeepAsync(GenerationDecision decision)
    {
        var former = Generation;
        State.Generation = decision.State;
        foreach (var line in decision.Actions.OfType<LogEvent>())
            Log(new FleetNoted(Now, Schedule.ImagesAt(decision.State.Reached.Iteration).Kimg, decision.State.Generation.Number, line.Text));
        if (decision.State.Stage == GenerationStage.Running && former.Stage != GenerationStage.Running) Remember(decision.State.Plan!);
        if (WithoutReports(decision.State) != WithoutReports(former)) await StoreAsync();
    }

    private static GenerationState WithoutReports(GenerationState state) =>
        state with { Reports = [], Checks = [], Newcomers = [], Reached = default, ProgressAt = default };

    private async Task EvictAsync(EvictWorker eviction)
    {
        foreach (var dismissal in await Fleet.EvictAsync(eviction.Worker.Value, eviction.Reason))
            await GrainFactory.GetGrain<IWorkerGrain>(dismissal.Worker).DismissAsync($"{dismissal.Worker} was evicted: {dismissal.Reason}");
    }

    private Task TellAsync(string worker, WorkerOrder order)
    {
        var name = RunMessages.NameOf(order);
        // Members of a generation are told the same; all but the first find it ready.
        if (_told.Name != name)
        {
            _told = (name, new WireMessage(_details is null
                ? RunMessages.ToMessage(order, _cluster, new RunDetails { Run = Name, SpecJson = "", DataPath = "", Store = "" }, _live, _ => "")
                : RunMessages.ToMessage(order, _cluster, _details, _live, position => State.Snapshots.GetValueOrDefault(position.Iteration, ""))));
        }

        return GrainFactory.GetGrain<IWorkerGrain>(worker).TellAsync(name, _told.Message);
    }

    private SnapshotStore Store() => new(StoreLocation.Parse(_details!.Store).Open(), _time);
}
