using Atelier.Coordinator.Storage;
using Atelier.Core;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Membership;
using Atelier.Core.Fleet.Queue;
using Atelier.Core.Specs;
using Orleans;
using Orleans.Runtime;

namespace Atelier.Coordinator.Fleet;

/// <summary>Keeps <see cref="FleetGrainState"/> and calls the policies of membership, queue and allocation.</summary>
/// <param name="storage">The state.</param>
/// <param name="settings">Deadlines.</param>
/// <param name="time">The clock.</param>
public sealed class FleetGrain(
    [PersistentState("fleet")] IPersistentState<FleetGrainState> storage, FleetSettings settings, TimeProvider time) : StoringGrain<FleetGrainState>(storage), IFleetGrain
{
    private readonly Dictionary<string, HashSet<WorkerId>> _granted = [];
    private IReadOnlyList<Allocation> _allocations = [];

    private DateTimeOffset Now => time.GetUtcNow();

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // While no coordinator was there nobody could renew; whoever is alive has a whole lease to be heard again.
        var until = new Lease(Now + settings.LeaseLength);
        State.Fleet = State.Fleet with
        {
            Members = [.. State.Fleet.Members.Select(member => member.Status == MemberStatus.Evicted || member.Lease.Until > until.Until ? member : member with { Lease = until })],
        };
        return TakeOverAsync();
    }

    /// <inheritdoc/>
    public async Task<JoinOutcome> JoinAsync(WorkerCard worker)
    {
        ArgumentNullException.ThrowIfNull(worker);
        var capabilities = new WorkerCapabilities(worker.ProtocolVersion, worker.Numerics, worker.Device, worker.MemoryBytes, worker.PeerAddress, worker.Host, worker.IsEvaluator);
        return await ApplyAsync(MembershipPolicy.Join(State.Fleet, new(worker.Key.Worker), worker.Key.Incarnation, capabilities, settings, Now));
    }

    /// <inheritdoc/>
    public Task<JoinOutcome> ProbedAsync(WorkerKey worker, string digest)
    {
        ArgumentNullException.ThrowIfNull(worker);
        return ApplyAsync(MembershipPolicy.Probed(State.Fleet, new(worker.Worker), worker.Incarnation, digest));
    }

    /// <inheritdoc/>
    public Task<bool> RenewAsync(WorkerKey worker)
    {
        ArgumentNullException.ThrowIfNull(worker);
        State.Fleet = MembershipPolicy.Renew(State.Fleet, new(worker.Worker), worker.Incarnation, settings, Now);
        return Task.FromResult(MembershipPolicy.IsMember(State.Fleet, new(worker.Worker), worker.Incarnation));
    }

    /// <inheritdoc/>
    public Task DrainAsync(WorkerKey worker)
    {
        ArgumentNullException.ThrowIfNull(worker);
        return KeepAsync(MembershipPolicy.Drain(State.Fleet, new(worker.Worker), worker.Incarnation));
    }

    /// <inheritdoc/>
    public Task StreamEndedAsync(WorkerKey worker)
    {
        ArgumentNullException.ThrowIfNull(worker);
        var id = new WorkerId(worker.Worker);
        var isHeld = State.Held.Values.Any(held => held.Contains(worker.Worker));
        return KeepAsync(isHeld
            ? MembershipPolicy.StreamEnded(State.Fleet, id, worker.Incarnation, settings, Now)
            : MembershipPolicy.Leave(State.Fleet, id, worker.Incarnation));
    }

    /// <inheritdoc/>
    public async Task<List<Dismissal>> EvictAsync(string worker, string reason)
    {
        var decision = MembershipPolicy.Evict(State.Fleet, new(worker), reason);
        await KeepAsync(decision.State);
        return Dismissals(decision);
    }

    /// <inheritdoc/>
    public async Task<SweepOutcome> SweepAsync()
    {
        var decision = MembershipPolicy.Sweep(State.Fleet, settings, Now);
        if (decision.State.Members.Count != State.Fleet.Members.Count || decision.Actions.Count > 0) await KeepAsync(decision.State);
        return new(
            Dismissals(decision),
            [.. State.Queue.Runs.Where(run => !RunLifecycle.StandsStill(run.Status) || State.Held.GetValueOrDefault(run.Run.Value) is { Count: > 0 }).Select(run => run.Run.Value)]);
    }

    /// <inheritdoc/>
    public async Task SubmitAsync(RunDetails run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var queue = RunCommands.Submit(
            State.Queue, new(run.Run), run.Priority, run.MinWorkers, run.MaxWorkers, RunSpecJson.Read(run.SpecJson, "the spec").Shards, run.Numerics);
        if (State.Details.Values.FirstOrDefault(other => other.Store == run.Store && State.Queue.Get(new(other.Run)).Status is not RunStatus.Cancelled) is { } taken)
            throw new UserErrorException($"run {taken.Run} keeps its snapshots in {run.Store}; choose another store, or `atelier resume {taken.Run}`");
        State.Queue = queue;
        State.Details[run.Run] = run;
        await KeepChangeAsync(run.Run);
    }

    /// <inheritdoc/>
    public async Task CommandAsync(string run, RunCommand command)
    {
        var id = new RunId(run);
        State.Queue = command switch
        {
            RunCommand.Pause => RunCommands.Pause(State.Queue, id),
            RunCommand.Cancel => RunCommands.Cancel(State.Queue, id),
            _ => throw new ArgumentOutOfRangeException(nameof(command), command, "Unknown command."),
        };
        await KeepChangeAsync(run);
    }

    /// <inheritdoc/>
    public async Task ResumeAsync(RunDetails details, bool anyNumerics)
    {
        ArgumentNullException.ThrowIfNull(details);
        var queue = RunCommands.Resume(State.Queue, new(details.Run));
        State.Queue = anyNumerics ? queue.With(queue.Get(new(details.Run)) with { Numerics = null }) : queue;
        State.Details[details.Run] = details;
        await KeepChangeAsync(details.Run);
    }

    /// <inheritdoc/>
    public async Task<FleetView> LookAsync(RunStanding standing)
    {
        ArgumentNullException.ThrowIfNull(standing);
        var id = new RunId(standing.Run);
        var entry = await StandAsync(State.Queue.Get(id), standing);
        var workers = Admitted().Where(member => !member.Capabilities.IsEvaluator).ToList();
        _allocations = AllocationPolicy.Allocate(State.Queue.Runs, workers, _allocations);
        var mine = _allocations.FirstOrDefault(allocation => allocation.Run == id);
        if (mine is not null && entry.Numerics is null && entry.Status == RunStatus.Running)
            await KeepAsync(entry with { Numerics = mine.Numerics });
        // What was granted may be held by now, before its run has said so.
        var others = State.Held.Where(held => held.Key != standing.Run).SelectMany(held => held.Value.Select(worker => new WorkerId(worker)))
            .Concat(_granted.Where(granted => granted.Key != standing.Run).SelectMany(granted => granted.Value)).ToHashSet();
        var available = mine is null ? [] : AllocationPolicy.Available(mine, others).ToHashSet();
        _granted[standing.Run] = available;
        return new(
            entry.Intent.ToString(),
            [.. State.Fleet.Live(Now).Select(member => new LiveRow(
                member.Worker.Value, member.Incarnation, available.Contains(member.Worker), member.Capabilities.PeerAddress, member.Capabilities.Host))]);
    }

    /// <inheritdoc/>
    public Task<EvaluationView> LookForEvaluationsAsync()
    {
        var trains = new Dictionary<string, string>();
        // What was granted is on its way to be held.
        foreach (var (run, workers) in _granted) foreach (var worker in workers) trains[worker.Value] = run;
        foreach (var (run, workers) in State.Held) foreach (var worker in workers) trains[worker] = run;
        return Task.FromResult(new EvaluationView(
            [.. Admitted().Select(member => new EvaluatorRow(
                new(member.Worker.Value, member.Incarnation), member.Capabilities.Numerics, trains.GetValueOrDefault(member.Worker.Value, "")))],
            State.Queue.Runs.Where(run => run.Numerics is not null).ToDictionary(run => run.Run.Value, run => run.Numerics!)));
    }

    /// <inheritdoc/>
    public Task<RunDetails?> DetailsAsync(string run) => Task.FromResult(State.Details.GetValueOrDefault(run));

    /// <inheritdoc/>
    public Task<List<QueueRow>> ListAsync() => Task.FromResult<List<QueueRow>>(
    [
        .. State.Queue.Runs.Select(run => new QueueRow(
            State.Details[run.Run.Value], run.Status.ToString(), run.Reason ?? WaitOf(run), State.Changed.GetValueOrDefault(run.Run.Value))),
    ]);

    /// <inheritdoc/>
    public Task<List<WorkerRow>> WorkersAsync() => Task.FromResult<List<WorkerRow>>(
    [
        .. State.Fleet.Members.Select(member => new WorkerRow(
            new(new(member.Worker.Value, member.Incarnation), member.Capabilities.ProtocolVersion, member.Capabilities.Numerics, member.Capabilities.Device,
                member.Capabilities.MemoryBytes, member.Capabilities.PeerAddress, member.Capabilities.Host, member.Capabilities.IsEvaluator),
            member.Status.ToString(), member.Reason ?? "")),
    ]);

    private IEnumerable<Member> Admitted()
    {
        var now = Now;
        return State.Fleet.Members.Where(member => member.Status == MemberStatus.Admitted && member.Lease.IsHeldAt(now));
    }

    /// <summary>Why a queued run waits.</summary>
    private string WaitOf(RunEntry run)
    {
        if (run.Status != RunStatus.Queued) return "";
        var admitted = Admitted().Where(member => !member.Capabilities.IsEvaluator).ToList();
        var fitting = admitted.Count(member => run.Numerics is null || member.Capabilities.Numerics == run.Numerics);
        var held = State.Held.Where(other => other.Key != run.Run.Value).SelectMany(other => other.Value).Count();
        return fitting < admitted.Count
            ? $"needs {run.MinWorkers} worker(s) with the numerics that it began with; {fitting} of {admitted.Count} attached have them"
            : $"needs {run.MinWorkers} worker(s); {admitted.Count} are attached, {held} of them with other runs";
    }

    private async Task<RunEntry> StandAsync(RunEntry entry, RunStanding standing)
    {
        var status = Enum.Parse<RunStatus>(standing.Status);
        var held = State.Held.GetValueOrDefault(standing.Run) ?? [];
        // A command that came since may lead elsewhere; the run hears of it with the answer.
        var isNews = status != entry.Status && Leads(entry, status);
        if (!isNews && held.SequenceEqual(standing.Held)) return entry;
        State.Held[standing.Run] = standing.Held;
        if (isNews)
        {
            entry = entry.Reach(status, standing.Failure);
            State.Changed[standing.Run] = Now.ToUnixTimeMilliseconds();
        }

        await KeepAsync(entry);
        return entry;
    }

    /// <summary>Whether a run may come to a state by what people want of it.</summary>
    private static bool Leads(RunEntry entry, RunStatus status) => status switch
    {
        RunStatus.Failed or RunStatus.Finished => entry.Status is not (RunStatus.Cancelled or RunStatus.Paused or RunStatus.Failed or RunStatus.Finished),
        RunStatus.Paused => entry.Intent == RunIntent.Pause,
        RunStatus.Cancelled => entry.Intent == RunIntent.Cancel,
        RunStatus.Halting => !RunLifecycle.StandsStill(entry.Status),
        _ => entry.Intent == RunIntent.Run && !RunLifecycle.StandsStill(entry.Status),
    };

    /// <summary>Stores what people did to a run, and when.</summary>
    private Task KeepChangeAsync(string run)
    {
        State.Changed[run] = Now.ToUnixTimeMilliseconds();
        return StoreAsync();
    }

    private Task KeepAsync(RunEntry entry)
    {
        State.Queue = State.Queue.With(entry);
        return StoreAsync();
    }

    private async Task KeepAsync(FleetState fleet)
    {
        if (ReferenceEquals(fleet, State.Fleet)) return;
        State.Fleet = fleet;
        await StoreAsync();
    }

    private async Task<JoinOutcome> ApplyAsync(FleetDecision decision)
    {
        await KeepAsync(decision.State);
        return (decision.Actions.Count > 0 ? decision.Actions[^1] : null) switch
        {
            StartProbe => new(JoinVerdict.Probe, ""),
            Refuse refuse => new(refuse.IsEvicted ? JoinVerdict.Evicted : JoinVerdict.Refused, refuse.Reason),
            Dismiss dismiss => new(JoinVerdict.Evicted, dismiss.Reason),
            _ => new(JoinVerdict.Admitted, ""),
        };
    }

    private static List<Dismissal> Dismissals(FleetDecision decision) =>
        [.. decision.Actions.OfType<Dismiss>().Select(dismiss => new Dismissal(dismiss.Worker.Value, dismiss.Reason))];
}
