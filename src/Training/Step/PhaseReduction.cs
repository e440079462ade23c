using Atelier.Core.Sharding;
using Atelier.Training.Interop;
using static TorchSharp.torch;

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

/// <summary>
/// How two sums of shards become one: IEEE additions, each element by itself. Whatever adds sums elsewhere does the same, so
/// that every reduction has the same bits.
/// </summary>
public static class PhaseSum
{
    /// <summary>Adds the right sum into the left one, which it returns, and frees the right one.</summary>
    public static Tensor Combine(Tensor left, Tensor right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        using var scope = NewDisposeScope();
        left.Accumulate(right);
        right.Dispose();
        return left;
    }
}

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
