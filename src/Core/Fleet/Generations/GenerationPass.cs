using Atelier.Core.Fleet.Queue;

namespace Atelier.Core.Fleet.Generations;

/// <summary>
/// One call of <see cref="GenerationPolicy.Decide"/>: the state as it changes, and the actions so far. This part has the
/// stages; the other one has what happens between two generations.
/// </summary>
internal sealed partial class GenerationPass(GenerationState state, RunView view, GenerationSettings settings, DateTimeOffset now)
{
    /// <summary>A pass through all stages at most; more would be a loop.</summary>
    private const int MostSteps = 8;

    private readonly List<GenerationAction> _actions = [];

    public GenerationState State { get; private set; } = state;

    public IReadOnlyList<GenerationAction> Actions => _actions;

    private bool WantsToRun => view.Intent == RunIntent.Run && State.Failure is null && !State.IsDone && State.Reached < State.Shape.End;

    /// <summary>Workers that the run may have and does not pass over.</summary>
    private IEnumerable<LiveWorker> Servers => view.Live.Where(live => live.MayServe && !(TroubleOf(live)?.Until > now));

    private bool CanStart => WantsToRun && Servers.Count() >= State.Shape.MinWorkers;

    public void Run()
    {
        ForgetTheDead();
        HoldStrays();
        for (var step = 0; step < MostSteps; step++)
        {
            var (stage, generation, held) = (State.Stage, State.Generation, State.Held);
            Step();
            // An eviction may have made another worker the furthest.
            HoldStrays();
            // A stage that was left and entered again shows in who is held.
            if (State.Stage == stage && State.Generation == generation && ReferenceEquals(State.Held, held)) break;
        }

        // A newcomer gets ready while the others go on.
        if (State is { Stage: GenerationStage.Running, Plan: { IsLast: false } plan } && WantsToRun)
            foreach (var cold in Joiners(plan).Where(live => !live.IsWarm)) _actions.Add(new Tell(cold.Worker, new WarmOrder(view.Epoch, State.Run, State.Generation)));
        foreach (var live in view.Live)
        {
            if (GenerationPolicy.OrderFor(State, view.Epoch, live.Worker) is not { } order) continue;
            _actions.Add(new Tell(live.Worker, order));
            // Told once for each report that shows that it is needed.
            if (order is ReleaseOrder) State = State with { Reports = [.. State.Reports.Where(report => report.Worker != live.Worker)] };
        }
    }

    private void Step()
    {
        switch (State.Stage)
        {
            case GenerationStage.Idle: Rest(); break;
            case GenerationStage.Gathering: Gather(); break;
            case GenerationStage.Preparing: Prepare(); break;
            case GenerationStage.Running: Watch(); break;
            case GenerationStage.Saving: Save(); break;
            default: throw new InvalidOperationException($"Run {State.Run} is in the unknown stage {State.Stage}.");
        }
    }

    private void Rest()
    {
        if (CanStart) Enter(GenerationStage.Gathering, "enough workers");
        else if (WantsToRun && State.Troubles is [.., var last] && last.Until > now && State.Reason != PassedOver(last)) State = State with { Reason = PassedOver(last) };
        else if (State.Held.Any(worker => !Stays(worker))) Enter(GenerationStage.Gathering, "workers are leaving");
    }

    private static string PassedOver(WorkerTrouble trouble) => $"{trouble.Worker} will be retried: {trouble.Text}";

    private void Gather()
    {
        if (CanStart)
        {
            // One that is not ready yet joins later, where the others can go on without it.
            var able = Servers.Any(live => live.IsWarm) && Servers.Count(live => live.IsWarm || State.Held.Contains(live.Worker)) >= State.Shape.MinWorkers
                ? Servers.Where(live => live.IsWarm || State.Held.Contains(live.Worker)) : Servers;
            var newcomers = able.Select(live => live.Worker).Except(State.Held).Take(State.Shape.MaxWorkers - State.Held.Count(Stays)).ToList();
            if (newcomers.Count > 0) Hold(newcomers);
        }

        foreach (var worker in State.Held.Where(worker => !HasHalted(worker) && now - AskedSince(worker) > settings.HaltDeadline).ToList())
            Evict(worker, $"it did not halt within {settings.HaltDeadline.TotalSeconds} s{WaitOf(worker)}");
        if (State.Held.All(HasHalted)) Conclude();
    }

    private void Prepare()
    {
        var plan = State.Plan!;
        if (EndingOf(plan) is { } ending)
        {
            CountTrouble(plan);
            Enter(GenerationStage.Gathering, ending.Reason, ending.Why);
        }
        else if (plan.Source.Worker is { } source && !State.Held.Contains(source))
        {
            Enter(GenerationStage.Gathering, $"{source}, which held the state, was lost", GenerationEnd.WorkerLost);
        }
        else if (plan.Members.All(member => State.ReportOf(member.Worker) is { } report && report.Generation == plan.Id
            && report.Stage is WorkerStage.Ready or WorkerStage.Stepping && report.Held >= plan.Start))
        {
            // Everyone holds the state now, so that those who are to go lose nothing.
            State = State with { Held = [.. plan.Members.Select(member => member.Worker)], ProgressAt = now };
            Enter(GenerationStage.Running, "training");
            _actions.Add(new LogEvent($"{plan.Id} starts at {plan.Start} on {Counted.Of(plan.Members.Count, "worker")}"));
        }
        else
        {
            EndStandstill(plan);
        }
    }

    /// <summary>
    /// Members prepare at their own pace: who reads a large data set keeps the others waiting, and nobody is blamed. The one that stands
    /// still is; where all wait for each other, they are asked to meet anew.
    /// </summary>
    private void EndStandstill(GenerationPlan plan)
    {
        var stands = plan.Members.Select(member => StandOf(member, plan)).ToList();
        if (!stands.SequenceEqual(State.Preparing)) State = State with { Preparing = stands };
        var late = plan.Members.Zip(stands).Where(pair => now - pair.Second.Since > settings.PrepareDeadline && !IsReady(pair.First, plan)).ToList();
        if (late.Count == 0) return;
        var still = late.Where(pair => pair.Second.Progress?.Step != PreparationStep.MeetingPeers).ToList();
        foreach (var (member, stand) in still)
            Evict(member.Worker, $"it was not ready for {plan.Id}, with no progress for {settings.PrepareDeadline.TotalSeconds} s{(stand.Progress is { } at ? $" ({at.Step})" : "")}");
        if (still.Count > 0) Enter(GenerationStage.Gathering, "a worker did not become ready", GenerationEnd.Stall);
        else if (late.Count == plan.Members.Count(member => !IsReady(member, plan))) Enter(GenerationStage.Gathering, "the workers did not reach each other", GenerationEnd.Stall);
    }

    private bool IsReady(GenerationMember member, GenerationPlan plan) =>
        State.ReportOf(member.Worker) is { } report && report.Generation == plan.Id && report.Stage is WorkerStage.Ready or WorkerStage.Stepping;

    private PrepareStand StandOf(GenerationMember member, GenerationPlan plan)
    {
        var progress = State.ReportOf(member.Worker) is { } report && report.Generation == plan.Id ? report.Preparing : null;
        var former = State.Preparing.FirstOrDefault(stand => stand.Worker == member.Worker);
        return former is not null && former.Progress == progress && former.Since >= State.StageSince ? former : new(member.Worker, progress, now);
    }

    private void Watch()
    {
        var plan = State.Plan!;
        var reached = plan.Members.Max(member => State.ReportOf(member.Worker)?.Held?.Position ?? plan.Start.Position);
        // What is computed on after the run went back is nothing that was reached.
        if (plan.Start.Lineage == State.Lineage && reached > State.Reached) State = State with { Reached = reached, ProgressAt = now, Troubles = [] };
        if (EndingOf(plan) is { } ending)
        {
            CountTrouble(plan);
            Enter(GenerationStage.Gathering, ending.Reason, ending.Why);
        }
        else if (!Settle([.. plan.Members.Select(member => member.Worker)]))
            Enter(GenerationStage.Gathering, "digests differ", GenerationEnd.ReplicasDiffer);
        else if (plan.Members.All(member => HasHalted(member.Worker)))
            Enter(GenerationStage.Gathering, $"{plan.Limit} is reached", GenerationEnd.Limit);
        else if (now - State.ProgressAt > settings.ProgressDeadline)
            EndStall(plan);
        else if (CanStart && Joiners(plan).Any(live => live.IsWarm) && now - State.StageSince >= settings.JoinPatience)
            Enter(GenerationStage.Gathering, "a worker joins", GenerationEnd.WorkerJoins);
        else if (State.Shape.TickOf(State.Reached) > (State.RebalancedTick ?? -1) && Assignment.WouldGain(plan, State, settings.RebalanceGain))
            Rebalance();
    }

    /// <summary>Workers that the run may have besides those it has.</summary>
    private IEnumerable<LiveWorker> Joiners(GenerationPlan plan) =>
        Servers.Where(live => plan.Find(live.Worker) is null).Take(Math.Max(0, State.Shape.MaxWorkers - plan.Members.Count));

    private void Rebalance()
    {
        State = State with { RebalancedTick = State.Shape.TickOf(State.Reached) };
        Enter(GenerationStage.Gathering, "rebalancing shards", GenerationEnd.Rebalance);
    }

    private void Save()
    {
        if (CanStart)
        {
            Enter(GenerationStage.Gathering, "enough workers");
        }
        else
        {
            if (now - State.StageSince > settings.SaveDeadline)
                State = State with { SaveAttempts = State.SaveAttempts + 1, StageSince = now };
            Conclude();
        }
    }

    private static string AskedFor(RunIntent intent) => intent switch
    {
        RunIntent.Pause => "pausing, as you asked",
        RunIntent.Cancel => "cancelling, as you asked",
        RunIntent.Discard => "cancelling without a snapshot, as you asked",
        _ => "stopping",
    };

    /// <summary>Why a generation cannot go on; null while it can.</summary>
    private (string Reason, GenerationEnd Why)? EndingOf(GenerationPlan plan)
    {
        foreach (var member in plan.Members)
        {
            if (view.Find(member.Worker) is not { } live || live.Incarnation != member.Incarnation) return ($"{member.Worker} was lost", GenerationEnd.WorkerLost);
            if (!plan.IsLast && WantsToRun && !live.MayServe) return ($"{member.Worker} is leaving", GenerationEnd.WorkerLeaves);
            if (State.ReportOf(member.Worker) is not { } report || report.Generation != plan.Id) continue;
            if (report.Trouble is { } trouble) return ($"{member.Worker}: {trouble}", GenerationEnd.WorkerTrouble);
            if (report.Stage == WorkerStage.Idle || (report.Stage == WorkerStage.Halted && !(report.Held?.Position >= plan.Limit)))
                return ($"{member.Worker} has left", GenerationEnd.WorkerLost);
        }

        if (plan.Start.Lineage != State.Lineage) return ("rolling back", GenerationEnd.ReplicasDiffer);
        // A run that is discarded or failed saves nothing, so that there is no iteration to finish.
        if (plan.IsLast && (view.Intent == RunIntent.Discard || State.Failure is not null)) return ("nothing left to save", GenerationEnd.Command);
        if (plan.IsLast) return CanStart ? ("resuming", GenerationEnd.Command) : null;
        // The last iteration may be done already: its workers then stop by themselves.
        return view.Intent == RunIntent.Run && State.Failure is null ? null : ($"{AskedFor(view.Intent)}", GenerationEnd.Command);
    }

    /// <summary>
    /// A worker that could not go on is passed over for a while. Once all that there are have ended generation after generation by themselves,
    /// without anything being committed, it is the run that cannot go on: nobody is put out for it. What passes fails no run.
    /// </summary>
    private void CountTrouble(GenerationPlan plan)
    {
        foreach (var report in plan.Members.Select(member => State.ReportOf(member.Worker)).OfType<WorkerReport>().Where(report => report.Generation == plan.Id && report.Trouble is not null))
        {
            var former = State.Troubles.FirstOrDefault(trouble => trouble.Worker == report.Worker && trouble.Incarnation == report.Incarnation);
            var count = (former?.Generations ?? 0) + 1;
            var until = now + settings.PauseAfter(count);
            State = State with { Troubles = [.. State.Troubles.Where(trouble => trouble != former), new(report.Worker, report.Incarnation, report.Trouble!, count, until, (former?.Own ?? 0) + (report.TroubleCause == TroubleCause.Own ? 1 : 0))] };
            if (count > 1) _actions.Add(new LogEvent($"leaving out {report.Worker} for {(until - now).TotalSeconds:0.#} s: {report.Trouble}"));
        }

        var able = view.Live.Where(live => live.MayServe).ToList();
        if (State.Failure is null && able.Count > 0 && able.TrueForAll(live => TroubleOf(live)?.Own >= settings.MostTroubles))
        {
            State = State with { Failure = $"no worker can continue: {string.Join("; ", able.Select(live => $"{live.Worker}: {TroubleOf(live)!.Text}").Take(3))}" };
            _actions.Add(new LogEvent($"stopping the run: {State.Failure}"));
        }
    }

    private WorkerTrouble? TroubleOf(LiveWorker live) =>
        State.Troubles.Count == 0 ? null : State.Troubles.FirstOrDefault(trouble => trouble.Worker == live.Worker && trouble.Incarnation == live.Incarnation);

    private void EndStall(GenerationPlan plan)
    {
        var culprit = StallRule.Culprit(plan, State);
        var waits = plan.Members.Select(member => (member, wait: WaitOf(member.Worker))).Where(pair => pair.wait.Length > 0)
            .Select(pair => $"{pair.member.Rank} ({pair.member.Worker}){pair.wait}");
        _actions.Add(new LogEvent($"{plan.Id} made no progress for {settings.ProgressDeadline.TotalSeconds} s: {string.Join("; ", waits.DefaultIfEmpty("nobody waits"))}"));
        if (culprit is not null)
            Evict(culprit.Worker, $"as {culprit.Rank} it kept the other workers waiting at {State.Reached} for over {settings.ProgressDeadline.TotalSeconds} s");
        Enter(GenerationStage.Gathering, "no progress for too long", GenerationEnd.Stall);
    }

    private string WaitOf(WorkerId worker) =>
        State.ReportOf(worker)?.Waiting is { } waiting ? $" waiting for {waiting.Rank} at {waiting.Phase}" : "";

    private bool HasHalted(WorkerId worker) =>
        State.ReportOf(worker) is { Stage: WorkerStage.Halted } report && report.Generation == State.Generation;

    /// <summary>Whether a worker keeps serving this run.</summary>
    private bool Stays(WorkerId worker) => WantsToRun && view.Find(worker) is { MayServe: true } live && !(TroubleOf(live)?.Until > now);

    /// <summary>Since when a worker is asked to halt.</summary>
    private DateTimeOffset AskedSince(WorkerId worker) =>
        State.Newcomers.FirstOrDefault(newcomer => newcomer.Worker == worker)?.Since ?? State.StageSince;

    private void Hold(IReadOnlyList<WorkerId> workers)
    {
        State = State with { Held = [.. State.Held, .. workers] };
        if (State.Stage != GenerationStage.Gathering) return;
        var others = State.Newcomers.Where(newcomer => !workers.Contains(newcomer.Worker));
        State = State with { Newcomers = [.. others, .. workers.Select(worker => new Newcomer(worker, now))] };
    }

    private void Evict(WorkerId worker, string reason, bool isBan = false)
    {
        _actions.Add(new EvictWorker(worker, reason, isBan));
        _actions.Add(new LogEvent($"{worker} is evicted: {reason}"));
        // The fleet still has it; this pass is not to take it again.
        view = view with { Live = [.. view.Live.Where(live => live.Worker != worker)] };
        Forget(worker);
    }

    private void Forget(WorkerId worker) => State = State with
    {
        Held = [.. State.Held.Where(other => other != worker)],
        Reports = [.. State.Reports.Where(report => report.Worker != worker)],
        Checks = [.. State.Checks.Where(check => check.Worker != worker)],
    };

    private void Enter(GenerationStage stage, string reason, GenerationEnd why = GenerationEnd.Command)
    {
        if (stage == GenerationStage.Gathering && State.Stage is GenerationStage.Running or GenerationStage.Preparing)
        {
            _actions.Add(new LogEvent($"{State.Generation} ends at {State.Reached}: {reason}"));
            _actions.Add(new GenerationEnded(why));
        }

        if (State.Stage != stage) State = State with { Stage = stage, StageSince = now, Reason = reason, Newcomers = [] };
    }
}
