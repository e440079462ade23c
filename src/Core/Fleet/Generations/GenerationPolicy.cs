using Atelier.Core.Fleet.Queue;

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
    /// <returns>The order; null where it is as it should be.</returns>
    public static WorkerOrder? OrderFor(GenerationState state, Epoch epoch, WorkerId worker)
    {
        ArgumentNullException.ThrowIfNull(state);
        var report = state.ReportOf(worker);
        if (ByWorker<WorkerId>.Find(state.Held, worker, held => held) is null)
        {
            // One that still steps may have committed more than it reported: it is released only once it stands still.
            return report?.Stage switch
            {
                null or WorkerStage.Idle => null,
                WorkerStage.Halted => new ReleaseOrder(epoch, state.Run, state.Generation),
                _ => new HaltOrder(epoch, state.Run, state.Generation),
            };
        }

        var isMember = state.Plan?.Find(worker) is not null;
        var isInIt = report is not null && report.Generation == state.Generation;
        return state.Stage switch
        {
            GenerationStage.Gathering when !(isInIt && report!.Stage == WorkerStage.Halted) => new HaltOrder(epoch, state.Run, state.Generation),
            GenerationStage.Preparing when isMember && !isInIt => new PrepareOrder(epoch, state.Run, state.Plan!),
            GenerationStage.Running when isMember && isInIt && report!.Stage == WorkerStage.Ready => new GoOrder(epoch, state.Run, state.Generation),
            GenerationStage.Saving when SaverOf(state) == worker => new SaveOrder(epoch, state.Run, state.Generation, new(state.Lineage, state.Reached)),
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

/// <summary>Deadlines and thresholds of the generation protocol.</summary>
public sealed record GenerationSettings
{
    /// <summary>How long a worker may take from the order to halt until it stands still: one phase, and some.</summary>
    public TimeSpan HaltDeadline { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a worker that prepares may stand still in one step.</summary>
    public TimeSpan PrepareDeadline { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a running generation may go without committing a phase.</summary>
    public TimeSpan ProgressDeadline { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long the last worker may take to save; then another one tries.</summary>
    public TimeSpan SaveDeadline { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A run that trains has a snapshot at least so often, whatever its interval in images.</summary>
    public TimeSpan LongestWithoutSnapshot { get; init; } = TimeSpan.FromHours(1);

    /// <summary>A generation lasts at least this long before a join ends it, so that many joins cost few halts.</summary>
    public TimeSpan JoinPatience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>So many generations in a row every worker may end without anything being committed; then the run fails with what they said.</summary>
    public int MostTroubles { get; init; } = 5;

    /// <summary>How long a run does without a worker that has ended two generations; twice as long each further time. The first one may be the fault of another.</summary>
    public TimeSpan TroublePause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a run does without a worker at most.</summary>
    public TimeSpan LongestTroublePause { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a run does without a worker that has ended so many generations.</summary>
    internal TimeSpan PauseAfter(int generations)
    {
        var pause = generations < 2 ? TimeSpan.Zero : TroublePause * Math.Pow(2, Math.Min(generations - 2, 16));
        return pause < LongestTroublePause ? pause : LongestTroublePause;
    }

    /// <summary>A re-balance has to promise a gain above this part of an iteration's time.</summary>
    public double RebalanceGain { get; init; } = 0.1;

    /// <summary>So often in a row a run goes back to a snapshot over copies that disagree; then it fails.</summary>
    public int MostReplays { get; init; } = 3;
}

/// <summary>What a decision on a run looks at, besides the run's own state.</summary>
/// <param name="Epoch">The coordinator's epoch, which every order carries.</param>
/// <param name="Live">All admitted or draining workers with a lease, whichever run has them, in the order in which the run is to rank new ones.</param>
public sealed record RunView(Epoch Epoch, RunIntent Intent, IReadOnlyList<LiveWorker> Live)
{
    internal LiveWorker? Find(WorkerId worker) => ByWorker<LiveWorker>.Find(Live, worker, live => live.Worker);
}

/// <summary>A worker with a lease, as a run sees it.</summary>
/// <param name="MayServe">
/// Whether the run may have it from here on: the queue gives it to this run, no other run holds it, and it does not drain.
/// </param>
/// <param name="IsWarm">Whether it has read the data: joining then halts the others for a moment only.</param>
public sealed record LiveWorker(WorkerId Worker, long Incarnation, bool MayServe, bool IsWarm = true);

/// <summary>What a pass decided: the new state, to be stored first, and then the effects.</summary>
/// <param name="Actions">Effects, in order.</param>
public sealed record GenerationDecision(GenerationState State, IReadOnlyList<GenerationAction> Actions);

/// <summary>An effect that a decision on a run asks for. All may be repeated.</summary>
public abstract record GenerationAction;

/// <summary>
/// Send an order. Every decision asks again for what a worker has not reported to have done; the executor need not send
/// twice on one stream what it sent before.
/// </summary>
public sealed record Tell(WorkerId Worker, WorkerOrder Order) : GenerationAction;

/// <summary>Put a worker out of the fleet.</summary>
/// <param name="Reason">Why, as a clause after the worker's name and a colon.</param>
/// <param name="IsBan">Whether it may not come back: its numbers differ. Otherwise it may, after a while.</param>
public sealed record EvictWorker(WorkerId Worker, string Reason, bool IsBan = false) : GenerationAction;

/// <summary>Delete the snapshots after a position: they hold a state on which workers did not agree.</summary>
/// <param name="After">The last good position.</param>
public sealed record DiscardSnapshots(Position After) : GenerationAction;

/// <summary>Write a line into the run's event log.</summary>
public sealed record LogEvent(string Text) : GenerationAction;
