namespace Atelier.Core.Fleet.Generations;

// What a worker is told; records of a name and its fields each.

/// <summary>
/// An order to a worker. A worker refuses a lower term, and a generation lower than the highest it was ordered into or out
/// of. Orders may be repeated: one that is carried out already is answered with a report and nothing else.
/// </summary>
/// <param name="Term">The coordinator's term.</param>
/// <param name="Run">The run.</param>
/// <param name="Generation">The generation that the order is about.</param>
public abstract record WorkerOrder(Term Term, RunId Run, GenerationId Generation);

/// <summary>Take no further part in this generation or an earlier one: stop before or after a phase, and report what is held.</summary>
/// <param name="Term">The coordinator's term.</param>
/// <param name="Run">The run.</param>
/// <param name="Generation">The last generation to leave.</param>
public sealed record HaltOrder(Term Term, RunId Run, GenerationId Generation) : WorkerOrder(Term, Run, Generation);

/// <summary>Fetch the starting state, reach the peers, and report readiness. Comes after this worker's halt of the generation before.</summary>
/// <param name="Term">The coordinator's term.</param>
/// <param name="Run">The run.</param>
/// <param name="Plan">The generation.</param>
public sealed record PrepareOrder(Term Term, RunId Run, GenerationPlan Plan) : WorkerOrder(Term, Run, Plan.Id);

/// <summary>Run phases from the starting state up to the plan's limit.</summary>
/// <param name="Term">The coordinator's term.</param>
/// <param name="Run">The run.</param>
/// <param name="Generation">The generation that was prepared.</param>
public sealed record GoOrder(Term Term, RunId Run, GenerationId Generation) : WorkerOrder(Term, Run, Generation);

/// <summary>Write the held state to the store as a snapshot, alone; in answer the executor observes the commit or the failure.</summary>
/// <param name="Term">The coordinator's term.</param>
/// <param name="Run">The run.</param>
/// <param name="Generation">The last generation.</param>
/// <param name="Version">The state.</param>
public sealed record SaveOrder(Term Term, RunId Run, GenerationId Generation, StateVersion Version) : WorkerOrder(Term, Run, Generation);

/// <summary>Forget the run. A draining worker leaves.</summary>
/// <param name="Term">The coordinator's term.</param>
/// <param name="Run">The run.</param>
/// <param name="Generation">The last generation.</param>
public sealed record ReleaseOrder(Term Term, RunId Run, GenerationId Generation) : WorkerOrder(Term, Run, Generation);
