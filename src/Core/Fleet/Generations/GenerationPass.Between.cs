using Atelier.Core.Fleet.Queue;

namespace Atelier.Core.Fleet.Generations;

/// <content>What happens between two generations: who is left, which state is the furthest, and what comes next.</content>
internal sealed partial class GenerationPass
{
    /// <summary>Drops workers without a lease, and reports of processes that are gone.</summary>
    private void ForgetTheDead()
    {
        foreach (var worker in State.Held.Where(worker => view.Find(worker) is null).ToList())
        {
            _actions.Add(new LogEvent($"{worker} was lost"));
            Forget(worker);
        }

        State = State with { Reports = [.. State.Reports.Where(report => view.Find(report.Worker)?.Incarnation == report.Incarnation)] };
        // At rest, what was reached is what is left: a holder may have gone with it.
        var reached = State.Stage == GenerationStage.Idle ? Furthest().Position : State.Durable.Position;
        if (State.Stage == GenerationStage.Idle || reached > State.Reached) State = State with { Reached = reached };
    }

    /// <summary>
    /// A worker that was lost and is back may be further than anything that is held or saved. It is held, so that what it
    /// has is not computed again.
    /// </summary>
    private void HoldStrays()
    {
        if (view.Intent == RunIntent.Discard || State.Failure is not null) return;
        var safe = Furthest();
        if (State.Stage is GenerationStage.Preparing or GenerationStage.Running && State.Plan!.Start > safe) safe = State.Plan.Start;
        var strays = State.Reports.Where(report => report.Held > safe && report.Held.Value.Lineage == State.Lineage && !State.Held.Contains(report.Worker)).ToList();
        if (strays.Count == 0) return;
        Hold([.. strays.Select(report => report.Worker)]);
        Enter(GenerationStage.Gathering, $"{strays[0].Worker} has reconnected with {strays.Max(report => report.Held!.Value)}", GenerationEnd.WorkerJoins);
    }

    /// <summary>The furthest state that a held worker or the store has.</summary>
    private StateVersion Furthest() => State.Held
        .Select(worker => State.ReportOf(worker)?.Held)
        .OfType<StateVersion>()
        .Where(version => version.Lineage == State.Lineage)
        .Append(State.Durable)
        .Max();

    /// <summary>All held workers stand still: chooses what comes next.</summary>
    private void Conclude()
    {
        Settle(expected: null);
        var start = Furthest();
        State = State with { Reached = start.Position };
        var staying = State.Held.Where(Stays).ToList();
        if (WantsToRun && staying.Count >= State.Shape.MinWorkers)
        {
            Assign(staying, start, State.Shape.End, isLast: false);
            return;
        }

        var isWorthSaving = start > State.Durable && State.Failure is null && view.Intent != RunIntent.Discard;
        if (isWorthSaving && !State.HoldersOf(start).Any(staying.Contains))
        {
            if (!start.Position.IsBetweenIterations)
                Assign(State.Held, start, start.Position.NextBetweenIterations, isLast: true);
            else if (State.Stage != GenerationStage.Saving)
                Enter(GenerationStage.Saving, "all workers with the state are leaving");
            return;
        }

        State = State with { Held = staying, Checks = [] };
        Enter(GenerationStage.Idle, staying.Count > 0 ? "too few workers" : "no work to do");
    }

    private void Assign(IReadOnlyList<WorkerId> workers, StateVersion start, Position limit, bool isLast)
    {
        var most = Math.Min(State.Shape.Shards, isLast ? int.MaxValue : State.Shape.MaxWorkers);
        var ranked = Assignment.Ranked(workers.Select(view.Find).OfType<LiveWorker>(), State.Plan).Take(most).ToList();
        var holders = State.HoldersOf(start);
        // A member that holds the state serves it best: one that is to go may be in a hurry.
        var holder = holders.OrderByDescending(worker => ranked.Any(live => live.Worker == worker)).FirstOrDefault();
        var source = holder is not null
            ? new StateSource(StateOrigin.Worker, holder)
            : new StateSource(start.Position == Position.Start ? StateOrigin.Seed : StateOrigin.Snapshot);
        var plan = new GenerationPlan(
            State.Generation.Next(), Assignment.Members(ranked, State, settings.RebalanceGain), start, source, limit, isLast);
        State = State with { Generation = plan.Id, Plan = plan, SaveAttempts = 0 };
        Enter(GenerationStage.Preparing, isLast ? "finishing the iteration" : "enough workers");
    }

    /// <summary>Compares digests. False where they differ: then the minority is evicted, or everyone goes back to a snapshot.</summary>
    private bool Settle(IReadOnlyList<WorkerId>? expected)
    {
        var agrees = true;
        for (; ; )
        {
            var verdict = CheckRule.Judge(State.Checks, expected);
            if (verdict.Agreed is { } agreed && agreed > State.Agreed) Agree(agreed);
            if (verdict.Text.Length == 0)
            {
                // Between generations, digests that nobody else can report any more are of no use.
                State = State with { Checks = expected is null ? [] : verdict.Rest };
                return agrees;
            }

            agrees = false;
            _actions.Add(new LogEvent(verdict.Text));
            _actions.Add(new ReplicasDiffered(verdict.Text));
            if (verdict.Disputed is { } disputed)
            {
                GoBack(disputed, verdict.Text);
                return false;
            }

            foreach (var worker in verdict.Minority) Evict(worker, $"{verdict.Text}; most workers have a different one", isBan: true);
        }
    }

    private void Agree(Position agreed)
    {
        // A dispute is over for good when two ticks beyond it were agreed on.
        var isOver = agreed.Iteration > State.Disputed.Iteration + (2 * State.Shape.TickIterations);
        var goodSnapshots = State.Snapshots.Where(snapshot => snapshot <= agreed).ToList();
        State = State with
        {
            Agreed = agreed,
            Replays = isOver ? 0 : State.Replays,
            // Only the newest good one can be gone back to.
            Snapshots = [.. State.Snapshots.Skip(Math.Max(0, goodSnapshots.Count - 1))],
        };
    }

    private void GoBack(StateVersion disputed, string text)
    {
        var good = State.Agreed < disputed.Position ? State.Agreed : disputed.Position;
        var kept = State.Snapshots.Where(snapshot => snapshot <= good).ToList();
        var target = kept.Count > 0 ? kept[^1] : Position.Start;
        if (kept.Count < State.Snapshots.Count) _actions.Add(new DiscardSnapshots(target));
        State = State with
        {
            Lineage = State.Lineage + 1,
            Snapshots = kept,
            Agreed = target,
            Reached = target,
            Checks = [],
            Replays = State.Replays + 1,
            Disputed = disputed.Position > State.Disputed ? disputed.Position : State.Disputed,
        };
        _actions.Add(new LogEvent($"all workers return to {target} and recompute"));
        if (State.Replays > settings.MostReplays)
        {
            State = State with { Failure = $"workers keep disagreeing: {text}" };
            _actions.Add(new LogEvent($"stopping the run: {State.Failure}"));
        }
    }
}
