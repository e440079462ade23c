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

    private IEnumerable<LiveWorker> Servers => view.Live.Where(live => live.MayServe);

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
        else if (State.Held.Any(worker => !Stays(worker))) Enter(GenerationStage.Gathering, "workers are to go");
    }

    private void Gather()
    {
        if (CanStart)
        {
            var newcomers = Servers.Select(live => live.Worker).Except(State.Held).Take(State.Shape.MaxWorkers - State.Held.Count(Stays)).ToList();
            if (newcomers.Count > 0) Hold(newcomers);
        }

        foreach (var worker in State.Held.Where(worker => !HasHalted(worker) && now - AskedSince(worker) > settings.HaltDeadline).ToList())
            Evict(worker, $"it did not halt within {settings.HaltDeadline.TotalSeconds} s{WaitOf(worker)}");
        if (State.Held.All(HasHalted)) Conclude();
    }

    private void Prepare()
    {
        var plan = State.Plan!;
        if (EndingOf(plan) is { } reason)
        {
            CountTrouble(plan);
            Enter(GenerationStage.Gathering, reason);
        }
        else if (plan.Source.Worker is { } source && !State.Held.Contains(source))
        {
            Enter(GenerationStage.Gathering, $"{source}, which held the state, was lost");
        }
        else if (plan.Members.All(member => State.ReportOf(member.Worker) is { } report && report.Generation == plan.Id
            && report.Stage is WorkerStage.Ready or WorkerStage.Stepping && report.Held >= plan.Start))
        {
            // Everyone holds the state now, so that those who are to go lose nothing.
            State = State with { Held = [.. plan.Members.Select(member => member.Worker)], ProgressAt = now };
            Enter(GenerationStage.Running, "all are ready");
            _actions.Add(new LogEvent($"{plan.Id} goes from {plan.Start} on {plan.Members.Count} worker(s)"));
        }
        else if (now - State.StageSince > settings.PrepareDeadline)
        {
            foreach (var member in plan.Members.Where(member => State.ReportOf(member.Worker) is not { Stage: WorkerStage.Ready } report || report.Generation != plan.Id))
                Evict(member.Worker, $"it was not ready for {plan.Id} within {settings.PrepareDeadline.TotalSeconds} s");
            Enter(GenerationStage.Gathering, "a worker did not become ready");
        }
    }

    private void Watch()
    {
        var plan = State.Plan!;
        var reached = plan.Members.Max(member => State.ReportOf(member.Worker)?.Held?.Position ?? plan.Start.Position);
        // What is computed on after the run went back is nothing that was reached.
        if (plan.Start.Lineage == State.Lineage && reached > State.Reached) State = State with { Reached = reached, ProgressAt = now };
        if (EndingOf(plan) is { } reason)
        {
            CountTrouble(plan);
            Enter(GenerationStage.Gathering, reason);
        }
        else if (!Settle([.. plan.Members.Select(member => member.Worker)]))
            Enter(GenerationStage.Gathering, "digests differ");
        else if (plan.Members.All(member => HasHalted(member.Worker)))
            Enter(GenerationStage.Gathering, $"{plan.Limit} is reached");
        else if (now - State.ProgressAt > settings.ProgressDeadline)
            EndStall(plan);
        else if (CanStart && plan.Members.Count < State.Shape.MaxWorkers && Servers.Any(live => plan.Find(live.Worker) is null)
            && now - State.StageSince >= settings.JoinPatience)
            Enter(GenerationStage.Gathering, "a worker joins");
        else if (State.Shape.TickOf(State.Reached) > (State.RebalancedTick ?? -1) && Assignment.WouldGain(plan, State, settings.RebalanceGain))
            Rebalance();
    }

    private void Rebalance()
    {
        State = State with { RebalancedTick = State.Shape.TickOf(State.Reached) };
        Enter(GenerationStage.Gathering, "shards are re-balanced");
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

    /// <summary>Why a generation cannot go on; null while it can.</summary>
    private string? EndingOf(GenerationPlan plan)
    {
        foreach (var member in plan.Members)
        {
            if (view.Find(member.Worker) is not { } live || live.Incarnation != member.Incarnation) return $"{member.Worker} was lost";
            if (!plan.IsLast && WantsToRun && !live.MayServe) return $"{member.Worker} is to go";
            if (State.ReportOf(member.Worker) is not { } report || report.Generation != plan.Id) continue;
            if (report.Trouble is { } trouble) return $"{member.Worker}: {trouble}";
            if (report.Stage == WorkerStage.Idle || (report.Stage == WorkerStage.Halted && !(report.Held?.Position >= plan.Limit)))
                return $"{member.Worker} has left";
        }

        if (plan.Start.Lineage != State.Lineage) return "the run goes back";
        // A run that is cancelled or failed saves nothing, so that there is no iteration to finish.
        if (plan.IsLast && (view.Intent == RunIntent.Cancel || State.Failure is not null)) return "nothing is to be saved any more";
        if (plan.IsLast) return CanStart ? "the run goes on" : null;
        // The last iteration may be done already: its workers then stop by themselves.
        return view.Intent == RunIntent.Run && State.Failure is null ? null : $"{view.Intent} is wanted";
    }

    /// <summary>A worker that ends generation after generation, without anything being committed, is better done without.</summary>
    private void CountTrouble(GenerationPlan plan)
    {
        if (plan.Members.Select(member => State.ReportOf(member.Worker)).FirstOrDefault(report => report?.Generation == plan.Id && report.Trouble is not null) is not { } report) return;
        var count = State.Trouble is { } former && former.Worker == report.Worker && former.At == State.Reached ? former.Generations + 1 : 1;
        State = State with { Trouble = new(report.Worker, State.Reached, count) };
        if (count >= settings.MostTroubles) Evict(report.Worker, $"in {count} generations in a row it could not go on: {report.Trouble}");
    }

    private void EndStall(GenerationPlan plan)
    {
        var culprit = StallRule.Culprit(plan, State);
        var waits = plan.Members.Select(member => (member, wait: WaitOf(member.Worker))).Where(pair => pair.wait.Length > 0)
            .Select(pair => $"{pair.member.Rank} ({pair.member.Worker}){pair.wait}");
        _actions.Add(new LogEvent($"{plan.Id} commits nothing for {settings.ProgressDeadline.TotalSeconds} s: {string.Join("; ", waits.DefaultIfEmpty("nobody waits"))}"));
        if (culprit is not null)
            Evict(culprit.Worker, $"as {culprit.Rank} it kept the others waiting at {State.Reached} for over {settings.ProgressDeadline.TotalSeconds} s");
        Enter(GenerationStage.Gathering, "nothing was committed for too long");
    }

    private string WaitOf(WorkerId worker) =>
        State.ReportOf(worker)?.Waiting is { } waiting ? $" waits for {waiting.Rank} at {waiting.Phase}" : "";

    private bool HasHalted(WorkerId worker) =>
        State.ReportOf(worker) is { Stage: WorkerStage.Halted } report && report.Generation == State.Generation;

    /// <summary>Whether a worker keeps serving this run.</summary>
    private bool Stays(WorkerId worker) => WantsToRun && view.Find(worker) is { MayServe: true };

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

    private void Evict(WorkerId worker, string reason)
    {
        _actions.Add(new EvictWorker(worker, reason));
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

    private void Enter(GenerationStage stage, string reason)
    {
        if (stage == GenerationStage.Gathering && State.Stage is GenerationStage.Running or GenerationStage.Preparing)
            _actions.Add(new LogEvent($"{State.Generation} ends at {State.Reached}: {reason}"));
        if (State.Stage != stage) State = State with { Stage = stage, StageSince = now, Reason = reason, Newcomers = [] };
    }
}
