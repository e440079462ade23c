using Atelier.Coordinator.Hosting;
using Atelier.Coordinator.Storage;
using Atelier.Coordinator.Telemetry;
using Atelier.Core;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Membership;
using Atelier.Core.Fleet.Queue;
using Atelier.Core.Specs;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Atelier.Coordinator.Fleet;

/// <summary>Keeps <see cref="FleetGrainState"/> and calls the policies of membership, queue and allocation.</summary>
/// <param name="storage">The state.</param>
/// <param name="settings">Deadlines.</param>
/// <param name="metrics">Left what metrics are read from.</param>
/// <param name="time">The clock.</param>
public sealed partial class FleetGrain(
    [PersistentState("fleet")] IPersistentState<FleetGrainState> storage, FleetSettings settings, CoordinatorMetrics metrics, TimeProvider time) : StoringGrain<FleetGrainState>(storage), IFleetGrain
{
    private readonly PulseLimit _pulse = new(time);

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
        var capabilities = new WorkerCapabilities(worker.ProtocolVersion, worker.Numerics, worker.Device, worker.MemoryBytes, worker.PeerAddress, worker.Host, worker.IsEvaluator, worker.OnlyRun.Length > 0 ? worker.OnlyRun : null);
        var decision = MembershipPolicy.Join(State.Fleet, new(worker.Key.Worker), worker.Key.Incarnation, capabilities, settings, Now);
        if (!decision.Actions.OfType<Refuse>().Any()) State.Sessions[worker.Key.Worker] = ++State.LastSession;
        return await ApplyAsync(decision);
    }

    /// <inheritdoc/>
    public Task<JoinOutcome> ProbedAsync(WorkerKey worker, string digest)
    {
        ArgumentNullException.ThrowIfNull(worker);
        return ApplyAsync(MembershipPolicy.Probed(State.Fleet, new(worker.Worker), worker.Incarnation, digest));
    }

    /// <inheritdoc/>
    public Task<RenewedLeases> RenewAsync(List<WorkerKey> workers, List<string> onlyRuns)
    {
        ArgumentNullException.ThrowIfNull(workers);
        ArgumentNullException.ThrowIfNull(onlyRuns);
        // A worker that has just attached again may have two streams for a moment, its next process too.
        var heard = workers.GroupBy(worker => worker.Worker).ToDictionary(same => new WorkerId(same.Key), same => same.Max(worker => worker.Incarnation));
        State.Fleet = MembershipPolicy.Renew(State.Fleet, heard, settings, Now);
        return Task.FromResult(new RenewedLeases(
            [.. workers.Where(worker => !MembershipPolicy.IsMember(State.Fleet, new(worker.Worker), worker.Incarnation))],
            State.Queue.Runs.Where(run => RunLifecycle.HasEnded(run.Status) && onlyRuns.Contains(run.Run.Value)).ToDictionary(run => run.Run.Value, run => new RunEnd(run.Status, run.Reason ?? ""))));
    }

    /// <inheritdoc/>
    public Task DrainAsync(WorkerKey worker)
    {
        ArgumentNullException.ThrowIfNull(worker);
        return KeepAsync(MembershipPolicy.Drain(State.Fleet, new(worker.Worker), worker.Incarnation));
    }

    /// <inheritdoc/>
    public Task StreamEndedAsync(WorkerKey worker, long session)
    {
        ArgumentNullException.ThrowIfNull(worker);
        // It has another one already.
        if (State.Sessions.GetValueOrDefault(worker.Worker) != session) return Task.CompletedTask;
        var id = new WorkerId(worker.Worker);
        var isHeld = State.Held.Values.Any(held => held.Contains(worker.Worker));
        return KeepAsync(isHeld
            ? MembershipPolicy.StreamEnded(State.Fleet, id, worker.Incarnation, settings, Now)
            : MembershipPolicy.Leave(State.Fleet, id, worker.Incarnation));
    }

    /// <inheritdoc/>
    public async Task<List<Dismissal>> EvictAsync(string worker, string reason, bool isBan)
    {
        var decision = MembershipPolicy.Evict(State.Fleet, new(worker), reason, isBan, settings, Now);
        await KeepAsync(decision.State);
        return Dismissals(decision);
    }

    /// <inheritdoc/>
    public async Task<SweepOutcome> SweepAsync()
    {
        var runs = State.Queue.Runs.Where(run => !RunLifecycle.StandsStill(run.Status) || State.Held.GetValueOrDefault(run.Run.Value) is { Count: > 0 }).Select(run => run.Run.Value).ToList();
        if (_pulse.IsTooSoon) return new([], runs);
        _pulse.Beat();
        var decision = MembershipPolicy.Sweep(State.Fleet, settings, Now);
        if (decision.State.Members.Count != State.Fleet.Members.Count || decision.Actions.Count > 0) await KeepAsync(decision.State);
        if (State.Sessions.Count > State.Fleet.Members.Count)
        {
            var members = State.Fleet.Members.Select(member => member.Worker.Value).ToHashSet();
            foreach (var gone in State.Sessions.Keys.Where(worker => !members.Contains(worker)).ToList()) State.Sessions.Remove(gone);
        }

        Publish();
        return new(Dismissals(decision), runs);
    }

    /// <inheritdoc/>
    public async Task<List<string>> SubmitAsync(RunDetails run)
    {
        State.Queue = Admit(run);
        State.Details[run.Run] = run;
        if (!State.Unread.Contains(run.Run)) State.Unread.Add(run.Run);
        var forgotten = ForgetTheOldest();
        await KeepChangeAsync(run.Run);
        return forgotten;
    }

    /// <inheritdoc/>
    public async Task CommandAsync(string run, RunCommand command)
    {
        var id = new RunId(run);
        State.Queue = command switch
        {
            RunCommand.Pause => RunCommands.Pause(State.Queue, id),
            RunCommand.Cancel => RunCommands.Cancel(State.Queue, id, discards: false),
            RunCommand.Discard => RunCommands.Cancel(State.Queue, id, discards: true),
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
        if (!State.Details.TryGetValue(standing.Run, out var details) || details.SubmittedUnixMs != standing.SubmittedUnixMs) throw RunNotFoundException.Of(standing.Run);
        State.Unread.Remove(standing.Run);
        var entry = await StandAsync(State.Queue.Get(id), standing);
        var workers = Admitted().Where(member => !member.Capabilities.IsEvaluator).ToList();
        var allocations = AllocationPolicy.Allocate(State.Queue.Runs.Where(run => !State.Unread.Contains(run.Run.Value)), workers, State.Allocations);
        var mine = allocations.FirstOrDefault(allocation => allocation.Run == id);
        // What was granted may be held by now, before its run has said so.
        var others = State.Held.Where(held => held.Key != standing.Run).SelectMany(held => held.Value)
            .Concat(State.Granted.Where(granted => granted.Key != standing.Run).SelectMany(granted => granted.Value)).Select(worker => new WorkerId(worker)).ToHashSet();
        var available = mine is null ? [] : AllocationPolicy.Available(mine, others).ToHashSet();
        var isNews = !Same(allocations, State.Allocations) || !available.SetEquals((State.Granted.GetValueOrDefault(standing.Run) ?? []).Select(worker => new WorkerId(worker)));
        (State.Allocations, State.Granted[standing.Run]) = ([.. allocations], [.. available.Select(worker => worker.Value)]);
        if (mine is not null && entry.Numerics is null && entry.Status == RunStatus.Running)
            await KeepAsync(entry with { Numerics = mine.Numerics });
        else if (isNews)
            await StoreAsync();
        return new(
            entry.Intent,
            [.. State.Fleet.Live(Now).Select(member => new LiveRow(
                member.Worker.Value, member.Incarnation, available.Contains(member.Worker), member.Capabilities.PeerAddress, member.Capabilities.Host))]);
    }

    /// <inheritdoc/>
    public Task<EvaluationView> LookForEvaluationsAsync()
    {
        var trains = new Dictionary<string, string>();
        // What was granted is on its way to be held.
        foreach (var (run, workers) in State.Granted) foreach (var worker in workers) trains[worker] = run;
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
            State.Details[run.Run.Value], run.Status, run.Reason ?? State.Reasons.GetValueOrDefault(run.Run.Value) ?? WaitOf(run), State.Changed.GetValueOrDefault(run.Run.Value))),
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
            ? $"waiting for {Counted.Of(run.MinWorkers, "worker")} with the same numerics as when the run began: {fitting} of {admitted.Count} attached have them"
            : $"waiting for {Counted.Of(run.MinWorkers, "worker")}: {admitted.Count} attached, {held} busy with other runs";
    }

    private async Task<RunEntry> StandAsync(RunEntry entry, RunStanding standing)
    {
        var status = standing.Status;
        var held = State.Held.GetValueOrDefault(standing.Run) ?? [];
        // A command that came since may lead elsewhere; the run hears of it with the answer.
        var isNews = status != entry.Status && Leads(entry, status);
        // People read it; it is told again.
        if (standing.Reason is { } reason && status != RunStatus.Failed) State.Reasons[standing.Run] = reason;
        else State.Reasons.Remove(standing.Run);
        if (!isNews && held.SequenceEqual(standing.Held)) return entry;
        State.Held[standing.Run] = standing.Held;
        if (isNews)
        {
            entry = entry.Reach(status, status == RunStatus.Failed ? standing.Reason : null);
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
        RunStatus.Cancelled => entry.Intent is RunIntent.Cancel or RunIntent.Discard,
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

    private static bool Same(IReadOnlyList<Allocation> some, List<Allocation> others) =>
        some.Count == others.Count && some.Zip(others).All(pair => pair.First.Run == pair.Second.Run && pair.First.Numerics == pair.Second.Numerics && pair.First.Workers.SequenceEqual(pair.Second.Workers));

    private async Task<JoinOutcome> ApplyAsync(FleetDecision decision)
    {
        // Before anything else happens to the worker.
        var outcome = OutcomeOf(decision);
        await KeepAsync(decision.State);
        return outcome;
    }

    private JoinOutcome OutcomeOf(FleetDecision decision) =>
        (decision.Actions.Count > 0 ? decision.Actions[^1] : null) switch
        {
            StartProbe probe => new(JoinVerdict.Probe, "", State.Sessions.GetValueOrDefault(probe.Worker.Value), 0),
            Refuse refuse => new(refuse.IsEvicted ? JoinVerdict.Evicted : JoinVerdict.Refused, refuse.Reason, 0, refuse.Until is { } until ? Math.Max(1, (until - Now).TotalSeconds) : 0),
            Dismiss dismiss => new(JoinVerdict.Evicted, dismiss.Reason, 0, 0),
            Welcome welcome => new(JoinVerdict.Admitted, "", State.Sessions.GetValueOrDefault(welcome.Worker.Value), 0),
            _ => new(JoinVerdict.Admitted, "", 0, 0),
        };

    private static List<Dismissal> Dismissals(FleetDecision decision) =>
        [.. decision.Actions.OfType<Dismiss>().Select(dismiss => new Dismissal(dismiss.Worker.Value, dismiss.Reason))];
}

/// <summary>
/// Membership of the fleet and the queue of runs: who is there, what people want, which worker serves which run. One grain
/// (key 0), which calls no other; runs ask it. What workers say waits for no call that stores: a thousand that come at once share a few
/// writes. Each of these changes the members without a pause between reading and writing them, as all else does.
/// </summary>
[Alias("atelier.fleet")]
public partial interface IFleetGrain : IGrainWithIntegerKey
{
    /// <summary>A worker attaches.</summary>
    [Alias("Join"), AlwaysInterleave]
    Task<JoinOutcome> JoinAsync(WorkerCard worker);

    /// <summary>A worker's admission probe ended.</summary>
    [Alias("Probed"), AlwaysInterleave]
    Task<JoinOutcome> ProbedAsync(WorkerKey worker, string digest);

    /// <summary>
    /// Something was heard from workers. It stores nothing.
    /// </summary>
    /// <param name="workers">The workers.</param>
    /// <param name="onlyRuns">Runs that some of them serve and no other.</param>
    [Alias("RenewAll"), AlwaysInterleave]
    Task<RenewedLeases> RenewAsync(List<WorkerKey> workers, List<string> onlyRuns);

    /// <summary>A worker was asked to stop and hands over.</summary>
    [Alias("Drain"), AlwaysInterleave]
    Task DrainAsync(WorkerKey worker);

    /// <summary>A worker's stream ended. If it has nothing to hand over it is gone; else it has a moment to attach again.</summary>
    [Alias("StreamEnded"), AlwaysInterleave]
    Task StreamEndedAsync(WorkerKey worker, long session);

    /// <summary>A run's decision, or a person, puts a worker out: for a while, or for good.</summary>
    [Alias("Evict")]
    Task<List<Dismissal>> EvictAsync(string worker, string reason, bool isBan);

    /// <summary>What time has done.</summary>
    [Alias("Sweep")]
    Task<SweepOutcome> SweepAsync();

    /// <summary>Adds a run.</summary>
    /// <returns>Runs that ended long ago and are forgotten for it, as if they had been deleted.</returns>
    /// <exception cref="Core.UserErrorException">The name or the store is taken, or the numbers make no sense.</exception>
    [Alias("Submit")]
    Task<List<string>> SubmitAsync(RunDetails run);

    /// <summary>Changes what people want of a run.</summary>
    /// <exception cref="Core.UserErrorException">There is no such run, or its state does not allow it.</exception>
    [Alias("Command")]
    Task CommandAsync(string run, RunCommand command);

    /// <summary>Lets a run go on, with changes of free keys of its spec.</summary>
    /// <exception cref="Core.UserErrorException">There is no such run, or its state does not allow it.</exception>
    [Alias("Resume")]
    Task ResumeAsync(RunDetails details, bool anyNumerics);

    /// <summary>What a run needs to know of the fleet; the run tells where it stands.</summary>
    [Alias("Look")]
    Task<FleetView> LookAsync(RunStanding standing);

    /// <summary>What evaluations need to know of the fleet.</summary>
    [Alias("LookForEvaluations")]
    Task<EvaluationView> LookForEvaluationsAsync();

    /// <summary>A run as it was submitted; null where there is none.</summary>
    [Alias("Details")]
    Task<RunDetails?> DetailsAsync(string run);

    /// <summary>All runs, in the order of submission.</summary>
    [Alias("List")]
    Task<List<QueueRow>> ListAsync();
}
