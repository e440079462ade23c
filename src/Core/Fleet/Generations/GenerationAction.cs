namespace Atelier.Core.Fleet.Generations;

// What the coordinator does after a decision on a run; records of a name and its fields each.

/// <summary>An effect that a decision on a run asks for. All may be repeated.</summary>
public abstract record GenerationAction;

/// <summary>
/// Send an order. Every decision asks again for what a worker has not reported to have done; the executor need not send
/// twice on one stream what it sent before.
/// </summary>
/// <param name="Worker">The worker.</param>
/// <param name="Order">The order.</param>
public sealed record Tell(WorkerId Worker, WorkerOrder Order) : GenerationAction;

/// <summary>Put a worker out of the fleet.</summary>
/// <param name="Worker">The worker.</param>
/// <param name="Reason">Why, as a clause after the worker's name and a colon.</param>
public sealed record EvictWorker(WorkerId Worker, string Reason) : GenerationAction;

/// <summary>Delete the snapshots after a position: they hold a state on which workers did not agree.</summary>
/// <param name="After">The last good position.</param>
public sealed record DiscardSnapshots(Position After) : GenerationAction;

/// <summary>Write a line into the run's event log.</summary>
/// <param name="Text">What happened.</param>
public sealed record LogEvent(string Text) : GenerationAction;
