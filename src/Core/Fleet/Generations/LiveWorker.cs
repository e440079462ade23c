namespace Atelier.Core.Fleet.Generations;

/// <summary>A worker with a lease, as a run sees it.</summary>
/// <param name="Worker">The worker.</param>
/// <param name="Incarnation">Its process.</param>
/// <param name="MayServe">
/// Whether the run may have it from here on: the queue gives it to this run, no other run holds it, and it does not drain.
/// </param>
public sealed record LiveWorker(WorkerId Worker, long Incarnation, bool MayServe);
