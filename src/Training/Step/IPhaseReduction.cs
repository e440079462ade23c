using Atelier.Core.Sharding;

namespace Atelier.Training.Step;

/// <summary>Sums what all shards of a phase add, wherever they were computed, in the order of the reduction tree.</summary>
public interface IPhaseReduction
{
    /// <summary>The shards that this process computes.</summary>
    ShardRange Held { get; }

    /// <summary>Number of shards of the minibatch.</summary>
    int ShardCount { get; }

    /// <summary>Gives this process's subtree sums and receives the sum over all shards.</summary>
    /// <param name="phase">Name of the wait, for messages.</param>
    /// <param name="pieces">Sums of the subtrees that cover <see cref="Held"/>; taken over.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The sum; the caller disposes it.</returns>
    Tensor Reduce(string phase, IReadOnlyList<SubtreeSum<Tensor>> pieces, CancellationToken cancellation);
}
