namespace Atelier.Core.Fleet.Membership;

// What the coordinator does after a decision on membership; records of a name and its fields each.

/// <summary>An effect that a decision on membership asks for.</summary>
/// <param name="Worker">The worker it concerns.</param>
public abstract record FleetAction(WorkerId Worker);

/// <summary>Ask the worker to run the admission probe.</summary>
/// <param name="Worker">The worker.</param>
public sealed record StartProbe(WorkerId Worker) : FleetAction(Worker);

/// <summary>Tell the worker that it is admitted.</summary>
/// <param name="Worker">The worker.</param>
public sealed record Welcome(WorkerId Worker) : FleetAction(Worker);

/// <summary>End the worker's stream with a reason; it is no member.</summary>
/// <param name="Worker">The worker.</param>
/// <param name="Reason">What to tell it.</param>
/// <param name="IsEvicted">Whether this very process was put out before.</param>
public sealed record Refuse(WorkerId Worker, string Reason, bool IsEvicted = false) : FleetAction(Worker);

/// <summary>Write into the event log that the worker's lease ran out or that it was evicted, and end its stream.</summary>
/// <param name="Worker">The worker.</param>
/// <param name="Reason">Why it is no member any more.</param>
public sealed record Dismiss(WorkerId Worker, string Reason) : FleetAction(Worker);
