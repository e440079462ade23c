using Atelier.Core.Sharding;

namespace Atelier.Training.Step;

/// <summary>The reduction of a process that holds every shard: its one piece is the sum.</summary>
/// <param name="shardCount">Shards of the minibatch.</param>
public sealed class SoloReduction(int shardCount) : IPhaseReduction
{
    /// <inheritdoc/>
    public ShardRange Held { get; } = new(0, shardCount);

    /// <inheritdoc/>
    public int ShardCount => shardCount;

    /// <inheritdoc/>
    public Tensor Reduce(string phase, IReadOnlyList<SubtreeSum<Tensor>> pieces, CancellationToken cancellation) => pieces.Single().Value;
}
