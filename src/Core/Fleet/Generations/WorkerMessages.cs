namespace Atelier.Core.Fleet.Generations;

/// <summary>
/// Everything about a worker that decisions on a run rest on. Each report is complete by itself, so that reports may be
/// lost, repeated and overtaken: the one with the highest sequence counts.
/// </summary>
/// <param name="Sequence">Rises with every report of the process.</param>
/// <param name="Generation">The generation that the stage belongs to.</param>
/// <param name="Held">The state that it holds; null for none.</param>
/// <param name="Waiting">What it waits for; null while it computes.</param>
/// <param name="Trouble">Why it cannot go on in this generation (a broken peer stream, a snapshot it cannot read); null otherwise.</param>
/// <param name="TroubleCause">Whose fault the trouble is.</param>
/// <param name="Preparing">How far preparing is; null for a worker that does not prepare, or does not tell.</param>
/// <param name="SecondsPerShard">Time of an iteration's work on one shard, smoothed by the worker; null until measured.</param>
public sealed record WorkerReport(
    WorkerId Worker,
    long Incarnation,
    long Sequence,
    GenerationId Generation,
    WorkerStage Stage,
    StateVersion? Held = null,
    WaitingFor? Waiting = null,
    string? Trouble = null,
    double? SecondsPerShard = null,
    TroubleCause TroubleCause = TroubleCause.Own,
    PrepareProgress? Preparing = null)
{
    internal bool IsOlderThan(WorkerReport other) =>
        Incarnation < other.Incarnation || (Incarnation == other.Incarnation && Sequence <= other.Sequence);
}

/// <summary>How far a worker is with preparing.</summary>
/// <param name="Step">What it does.</param>
/// <param name="Progress">Rises while the step moves.</param>
public sealed record PrepareProgress(PreparationStep Step, long Progress);

/// <summary>What a worker does before it is ready, in this order; what is not needed is left out.</summary>
public enum PreparationStep
{
    ReadingData,
    LoadingState,
    FetchingState,
    WarmingUp,

    /// <summary>It is ready itself, and waits for the others.</summary>
    MeetingPeers,
}

/// <summary>Whose fault it is that a worker cannot go on.</summary>
public enum TroubleCause
{
    /// <summary>Its own, or the run's: the data is not there, memory does not suffice.</summary>
    Own,

    /// <summary>Another worker, or the way to it, is lost. That passes.</summary>
    Peer,

    /// <summary>The run's store cannot be read. That passes too.</summary>
    Store,
}

/// <summary>
/// Where a worker stands in a run's protocol. Idle → Halted → Preparing → Ready → Stepping → Halted; a halt may come in any
/// stage, a release leads to Idle from any stage.
/// </summary>
public enum WorkerStage
{
    /// <summary>It holds nothing of the run.</summary>
    Idle,

    /// <summary>It stands still and takes no part in any generation up to the one that it names.</summary>
    Halted,

    /// <summary>It fetches the state and reaches its peers.</summary>
    Preparing,

    /// <summary>It holds the state to start from, and waits for the go.</summary>
    Ready,

    /// <summary>It runs phases.</summary>
    Stepping,
}

/// <summary>What a worker waits for: every wait has a name.</summary>
public sealed record WaitingFor(Rank Rank, Position Phase);

/// <summary>A digest that other workers' digests have to equal: of the whole state, or of one shard that two workers computed.</summary>
/// <param name="Version">The state it is about: the state itself, or the one that the shard was computed from.</param>
/// <param name="Shard">The shard that two workers computed; null for the state.</param>
/// <param name="Digest">SHA-256, in hexadecimal.</param>
public sealed record CheckReport(WorkerId Worker, StateVersion Version, int? Shard, string Digest);

/// <summary>
/// An order to a worker. A worker refuses a lower epoch, and a generation lower than the highest it was ordered into or out
/// of. Orders may be repeated: one that is carried out already is answered with a report and nothing else.
/// </summary>
/// <param name="Generation">The generation that the order is about.</param>
public abstract record WorkerOrder(Epoch Epoch, RunId Run, GenerationId Generation);

/// <summary>Take no further part in this generation or an earlier one: stop before or after a phase, and report what is held.</summary>
/// <param name="Generation">The last generation to leave.</param>
public sealed record HaltOrder(Epoch Epoch, RunId Run, GenerationId Generation) : WorkerOrder(Epoch, Run, Generation);

/// <summary>Fetch the starting state, reach the peers, and report readiness. Comes after this worker's halt of the generation before.</summary>
public sealed record PrepareOrder(Epoch Epoch, RunId Run, GenerationPlan Plan) : WorkerOrder(Epoch, Run, Plan.Id);

/// <summary>Read the data and make room for the state, while the others go on without this worker.</summary>
public sealed record WarmOrder(Epoch Epoch, RunId Run, GenerationId Generation) : WorkerOrder(Epoch, Run, Generation);

/// <summary>Run phases from the starting state up to the plan's limit.</summary>
public sealed record GoOrder(Epoch Epoch, RunId Run, GenerationId Generation) : WorkerOrder(Epoch, Run, Generation);

/// <summary>Write the held state to the store as a snapshot, alone; in answer the executor observes the commit or the failure.</summary>
public sealed record SaveOrder(Epoch Epoch, RunId Run, GenerationId Generation, StateVersion Version) : WorkerOrder(Epoch, Run, Generation);

/// <summary>Forget the run. A draining worker leaves.</summary>
public sealed record ReleaseOrder(Epoch Epoch, RunId Run, GenerationId Generation) : WorkerOrder(Epoch, Run, Generation);
