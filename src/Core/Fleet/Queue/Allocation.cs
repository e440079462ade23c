namespace Atelier.Core.Fleet.Queue;

/// <summary>Which workers a run is to have.</summary>
/// <param name="Run">The run.</param>
/// <param name="Workers">Its workers: those it had first, in their order, then new ones.</param>
/// <param name="Numerics">Digest of the numerics that they share; for a run without any, what to record.</param>
public sealed record Allocation(RunId Run, IReadOnlyList<WorkerId> Workers, string Numerics);
