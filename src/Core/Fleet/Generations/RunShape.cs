namespace Atelier.Core.Fleet.Generations;

/// <summary>What the generation protocol needs to know of a run's spec.</summary>
/// <param name="Shards">Shards of the minibatch.</param>
/// <param name="MinWorkers">With fewer workers the run waits; at least 1.</param>
/// <param name="MaxWorkers">More workers it does not take; at most the number of shards.</param>
/// <param name="Iterations">The run is done when so many are.</param>
/// <param name="TickIterations">Iterations from one tick to the next, at least 1.</param>
public sealed record RunShape(int Shards, int MinWorkers, int MaxWorkers, long Iterations, int TickIterations)
{
    /// <summary>The position at which the run is done.</summary>
    public Position End => new(Iterations, 0);

    /// <summary>The tick that a position lies in.</summary>
    /// <param name="position">The position.</param>
    public long TickOf(Position position) => position.Iteration / TickIterations;
}
