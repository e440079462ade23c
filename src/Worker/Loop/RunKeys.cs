namespace Atelier.Worker.Loop;

/// <summary>What every random draw of a run is keyed by, besides what it is for.</summary>
/// <param name="Seed">The spec's seed.</param>
/// <param name="Branch">The branch number; 0 until a branching change or a rollback.</param>
public sealed record RunKeys(ulong Seed, uint Branch);
