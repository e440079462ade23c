namespace Atelier.Core.Fleet.Generations;

/// <summary>What a worker waits for: every wait has a name.</summary>
/// <param name="Rank">The rank whose part is missing.</param>
/// <param name="Phase">The position at which it waits.</param>
public sealed record WaitingFor(Rank Rank, Position Phase);
