namespace Atelier.Core.Fleet.Generations;

/// <summary>
/// The generation protocol as a reconciliation: from what is known of a run to its next state, and to what has to be done.
/// It is called after every observation and at least once a second; calling it again changes nothing.
/// </summary>
/// <remarks>
/// <code>
/// from       to         when
/// Idle       Gathering  enough workers may serve; or a worker held is to go; or a live worker turns up that is further than all
/// Gathering  Preparing  all held workers stand still, enough of them stay: the next generation starts from the furthest state
/// Gathering  Saving     nobody stays who holds the furthest state
/// Gathering  Idle       nothing is to do, or too few workers stay
/// Preparing  Running    all members are ready
/// Preparing  Gathering  a member is lost, in trouble, to go, or late; what people want has changed
/// Running    Gathering  the same; or a worker joins, shards are to be re-balanced, nothing is committed for too long, digests
///                       differ, the limit is reached
/// Saving     Gathering  enough workers may serve
/// Saving     Idle       the state is saved
/// </code>
/// </remarks>
public static class GenerationPolicy
{
    /// <summary>Decides about one run.</summary>
    /// <param name="state">The run.</param>
    /// <param name="view">The fleet, as it concerns the run.</param>
    /// <param name="settings">Deadlines.</param>
    /// <param name="now">The coordinator's time.</param>
    public static GenerationDecision Decide(GenerationState state, RunView view, GenerationSettings settings, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(settings);
        var pass = new GenerationPass(state, view, settings, now);
        pass.Run();
        return new(pass.State, pass.Actions);
    }

    /// <summary>What a worker is to be told that has just attached, or whose report shows that it knows no better.</summary>
    /// <param name="state">The run, as the last decision left it.</param>
    /// <param name="term">The coordinator's term.</param>
    /// <param name="worker">The worker.</param>
    /// <returns>The order; null where it is as it should be.</returns>
    public static WorkerOrder? OrderFor(GenerationState state, Term term, WorkerId worker)
    {
        ArgumentNullException.ThrowIfNull(state);
        var report = state.ReportOf(worker);
        if (ByWorker<WorkerId>.Find(state.Held, worker, held => held) is null)
        {
            // One that still steps may have committed more than it reported: it is released only once it stands still.
            return report?.Stage switch
            {
                null or WorkerStage.Idle => null,
                WorkerStage.Halted => new ReleaseOrder(term, state.Run, state.Generation),
                _ => new HaltOrder(term, state.Run, state.Generation),
            };
        }

        var isMember = state.Plan?.Find(worker) is not null;
        var isInIt = report is not null && report.Generation == state.Generation;
        return state.Stage switch
        {
            GenerationStage.Gathering when !(isInIt && report!.Stage == WorkerStage.Halted) => new HaltOrder(term, state.Run, state.Generation),
            GenerationStage.Preparing when isMember && !isInIt => new PrepareOrder(term, state.Run, state.Plan!),
            GenerationStage.Running when isMember && isInIt && report!.Stage == WorkerStage.Ready => new GoOrder(term, state.Run, state.Generation),
            GenerationStage.Saving when SaverOf(state) == worker => new SaveOrder(term, state.Run, state.Generation, new(state.Lineage, state.Reached)),
            _ => null,
        };
    }

    /// <summary>Who saves: one of those that hold the furthest state, another one at each attempt.</summary>
    private static WorkerId? SaverOf(GenerationState state)
    {
        var holders = state.HoldersOf(new(state.Lineage, state.Reached));
        return holders.Count > 0 ? holders[state.SaveAttempts % holders.Count] : null;
    }
}
