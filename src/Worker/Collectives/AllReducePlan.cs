using Atelier.Core.Sharding;

namespace Atelier.Worker.Collectives;

/// <summary>Who holds which subtree sums and in which order they are added; the same on all ranks.</summary>
internal sealed class AllReducePlan
{
    /// <summary>A plan for ranges in rank order.</summary>
    /// <param name="tree">The tree of the minibatch.</param>
    /// <param name="ranges">Each rank's shards: contiguous, in rank order, together all shards.</param>
    /// <exception cref="ArgumentException">The ranges leave out or repeat a shard.</exception>
    public AllReducePlan(ReductionTree tree, IReadOnlyList<ShardRange> ranges)
    {
        int next = 0;
        foreach (var range in ranges)
        {
            if (range.Start != next)
                throw new ArgumentException($"The ranges {string.Join(' ', ranges)} do not follow each other.", nameof(ranges));
            next = range.End;
        }
        if (next != tree.Shards)
            throw new ArgumentException($"The ranges {string.Join(' ', ranges)} are not all of {tree.Root}.", nameof(ranges));
        Tree = tree;
        Ranges = ranges;
        Pieces = [.. ranges.Select(tree.Cover)];
        MostPieces = Pieces.Max(pieces => pieces.Count);
        Sum = SumNode.Build(tree, Pieces);
    }

    /// <summary>The tree of the minibatch.</summary>
    public ReductionTree Tree { get; }

    /// <summary>Each rank's shards.</summary>
    public IReadOnlyList<ShardRange> Ranges { get; }

    /// <summary>Each rank's subtrees, from left to right.</summary>
    public IReadOnlyList<IReadOnlyList<ShardRange>> Pieces { get; }

    /// <summary>Most pieces of a rank.</summary>
    public int MostPieces { get; }

    /// <summary>The order of additions.</summary>
    public SumNode Sum { get; }
}
