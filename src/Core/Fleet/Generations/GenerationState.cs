using Atelier.Core.Fleet.Queue;

namespace Atelier.Core.Fleet.Generations;

/// <summary>
/// The generation protocol of one run, as the coordinator keeps it. <see cref="GenerationPolicy"/> changes it; it is stored
/// before any action is carried out, so that a coordinator that starts again goes on from it.
/// </summary>
public sealed record GenerationState
{
    public required RunId Run { get; init; }

    /// <summary>What is needed of its spec.</summary>
    public required RunShape Shape { get; init; }

    /// <summary>The last generation that was given a number.</summary>
    public GenerationId Generation { get; init; }

    public GenerationStage Stage { get; init; }

    public DateTimeOffset StageSince { get; init; }

    /// <summary>Why the last generation ended, or what the present stage is for.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The last generation that was assigned; null before the first.</summary>
    public GenerationPlan? Plan { get; init; }

    /// <summary>Workers that the run holds: no other run may have them, and they are released only when nothing is lost by it.</summary>
    public IReadOnlyList<WorkerId> Held { get; init; } = [];

    /// <summary>Those held who came while the gathering was under way: each has the whole deadline, which gives the others no more.</summary>
    public IReadOnlyList<Newcomer> Newcomers { get; init; } = [];

    /// <summary>The newest report of each worker.</summary>
    public IReadOnlyList<WorkerReport> Reports { get; init; } = [];

    /// <summary>Digests that wait for others to compare with.</summary>
    public IReadOnlyList<CheckReport> Checks { get; init; } = [];

    /// <summary>How often the run has gone back to a snapshot.</summary>
    public int Lineage { get; init; }

    /// <summary>Positions of the snapshots to start from, oldest first; none from a lineage that was given up.</summary>
    public IReadOnlyList<Position> Snapshots { get; init; } = [];

    /// <summary>The last position at which all workers had the same state.</summary>
    public Position Agreed { get; init; }

    /// <summary>How far the present generation has come; between generations, where the next one starts.</summary>
    public Position Reached { get; init; }

    /// <summary>When a running generation last committed a phase, or was told to go.</summary>
    public DateTimeOffset ProgressAt { get; init; }

    /// <summary>Tick in which shards were re-balanced last; null before.</summary>
    public long? RebalancedTick { get; init; }

    /// <summary>How often the run went back to a snapshot without leaving the dispute behind for good.</summary>
    public int Replays { get; init; }

    /// <summary>The furthest position at which copies disagreed and nobody could say who was right.</summary>
    public Position Disputed { get; init; }

    /// <summary>Since when each member that prepares has stood where it stands.</summary>
    public IReadOnlyList<PrepareStand> Preparing { get; init; } = [];

    /// <summary>Workers that could not go on where the run stands, and are passed over for a while; none once it has got on.</summary>
    public IReadOnlyList<WorkerTrouble> Troubles { get; init; } = [];

    /// <summary>How many workers have been asked to save the present state.</summary>
    public int SaveAttempts { get; init; }

    /// <summary>Why the run cannot go on; null while it can.</summary>
    public string? Failure { get; init; }

    /// <summary>The newest state that is held somewhere for good: the newest snapshot, or the seed.</summary>
    public StateVersion Durable => new(Lineage, Snapshots.Count > 0 ? Snapshots[^1] : Position.Start);

    /// <summary>Whether the run has all its iterations, saved.</summary>
    public bool IsDone => Durable.Position >= Shape.End;

    /// <summary>
    /// A run before its first generation. The newest snapshot counts as agreed on: nobody is there who could have another,
    /// and a dispute about later states is no reason to discard it.
    /// </summary>
    /// <param name="snapshots">Positions of the snapshots that there are, oldest first.</param>
    public static GenerationState New(RunId run, RunShape shape, params IReadOnlyList<Position> snapshots)
    {
        ArgumentNullException.ThrowIfNull(snapshots);
        var newest = snapshots.Count > 0 ? snapshots[^1] : Position.Start;
        return new() { Run = run, Shape = shape, Snapshots = snapshots, Reached = newest, Agreed = newest };
    }

    /// <summary>The run's state for people. A run in Idle that wants to go on is queued.</summary>
    public RunStatus Status(RunIntent intent) => this switch
    {
        { Failure: not null } => Held.Count > 0 ? RunStatus.Halting : RunStatus.Failed,
        { IsDone: true } => Held.Count > 0 ? RunStatus.Halting : RunStatus.Finished,
        _ when intent == RunIntent.Pause => Held.Count > 0 ? RunStatus.Halting : RunStatus.Paused,
        _ when intent is RunIntent.Cancel or RunIntent.Discard => Held.Count > 0 ? RunStatus.Halting : RunStatus.Cancelled,
        { Stage: GenerationStage.Running } => RunStatus.Running,
        { Stage: GenerationStage.Idle } => RunStatus.Queued,
        _ => RunStatus.Forming,
    };

    /// <summary>The newest report of a worker; null for none.</summary>
    public WorkerReport? ReportOf(WorkerId worker) => ByWorker<WorkerReport>.Find(Reports, worker, report => report.Worker);

    /// <summary>Held workers that report to hold a state.</summary>
    internal IReadOnlyList<WorkerId> HoldersOf(StateVersion version) => [.. Held.Where(worker => ReportOf(worker)?.Held == version)];
}

/// <summary>
/// Where a run's protocol stands. Idle → Gathering → Preparing → Running → Gathering; Gathering → Saving → Gathering;
/// Preparing → Gathering; Gathering → Idle. <see cref="GenerationPolicy"/> has the conditions.
/// </summary>
public enum GenerationStage
{
    /// <summary>Nobody works: there are too few workers, or nothing is to do.</summary>
    Idle,

    /// <summary>The former generation is ordered to halt; all who take part report what they hold.</summary>
    Gathering,

    /// <summary>The next generation is assigned; its members fetch the state and reach their peers.</summary>
    Preparing,

    /// <summary>All were ready and have been told to go.</summary>
    Running,

    /// <summary>One worker writes the state to the store, because those who hold it are about to leave.</summary>
    Saving,
}

/// <summary>What the generation protocol needs to know of a run's spec.</summary>
/// <param name="MinWorkers">With fewer workers the run waits; at least 1.</param>
/// <param name="MaxWorkers">More workers it does not take; at most the number of shards.</param>
/// <param name="Iterations">The run is done when so many are.</param>
/// <param name="TickIterations">Iterations from one tick to the next, at least 1.</param>
public sealed record RunShape(int Shards, int MinWorkers, int MaxWorkers, long Iterations, int TickIterations)
{
    /// <summary>The position at which the run is done.</summary>
    public Position End => new(Iterations, 0);

    /// <summary>The tick that a position lies in.</summary>
    public long TickOf(Position position) => position.Iteration / TickIterations;
}

/// <summary>A worker that a gathering took in while it was under way.</summary>
/// <param name="Since">When; its time to halt begins here.</param>
public sealed record Newcomer(WorkerId Worker, DateTimeOffset Since);

/// <summary>Since when a member that prepares has stood where it stands.</summary>
/// <param name="Progress">Where; null before its first report.</param>
public sealed record PrepareStand(WorkerId Worker, PrepareProgress? Progress, DateTimeOffset Since);

/// <summary>A worker that could not go on in a generation, none of which has committed anything since.</summary>
/// <param name="Incarnation">Which process; its successor may do better.</param>
/// <param name="Text">What it said.</param>
/// <param name="Generations">How many generations it ended so.</param>
/// <param name="Until">The run does without it until then.</param>
/// <param name="Own">In how many of them the fault was not another worker's nor the store's.</param>
public sealed record WorkerTrouble(WorkerId Worker, long Incarnation, string Text, int Generations, DateTimeOffset Until, int Own);
