using System.Numerics;

namespace Atelier.Core.Sharding;

/// <summary>
/// The fixed binary tree along which everything is summed over shards. Its root covers all shards; the node [a, b) splits
/// at a + the largest power of two below b − a. It depends on the number of shards alone, so that a sum has the same bits
/// whoever computed its parts.
/// </summary>
/// <remarks>
/// Left children are complete and aligned at their size: an aligned power-of-two range is one node, and a world of
/// 2ᵏ workers over 2ⁿ shards holds one node each.
/// </remarks>
/// <param name="Shards">Number of shards, at least 1.</param>
public sealed record ReductionTree(int Shards)
{
    /// <summary>Number of shards, at least 1.</summary>
    public int Shards { get; } = Shards >= 1
        ? Shards
        : throw new ArgumentOutOfRangeException(nameof(Shards), Shards, "A minibatch has at least one shard.");

    /// <summary>The node of all shards.</summary>
    public ShardRange Root => new(0, Shards);

    /// <summary>The children of an inner node, in the order of addition.</summary>
    /// <param name="node">A node of two shards or more.</param>
    public static (ShardRange Left, ShardRange Right) Split(ShardRange node)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(node.Count, 2);
        var half = (int)(BitOperations.RoundUpToPowerOf2((uint)node.Count) >> 1);
        var middle = node.Start + half;
        return (new(node.Start, middle), new(middle, node.End));
    }

    /// <summary>The parent of a node, or null for the root.</summary>
    /// <param name="node">A node of this tree.</param>
    /// <exception cref="ArgumentException">The range is no node of this tree.</exception>
    public ShardRange? ParentOf(ShardRange node)
    {
        ShardRange? parent = null;
        var current = Root;
        while (current != node)
        {
            if (!current.Contains(node) || current.Count < 2) throw new ArgumentException($"{node} is no node of a tree over {Shards} shards.", nameof(node));
            var (left, right) = Split(current);
            parent = current;
            current = node.Start < left.End ? left : right;
        }

        return parent;
    }

    /// <summary>The largest nodes inside a contiguous range, from left to right: what a holder of the range can sum alone.</summary>
    /// <param name="held">The range; inside [0, shards).</param>
    /// <exception cref="ArgumentException">The range reaches beyond the shards.</exception>
    public IReadOnlyList<ShardRange> Cover(ShardRange held)
    {
        if (!Root.Contains(held)) throw new ArgumentException($"{held} reaches beyond {Shards} shards.", nameof(held));
        var cover = new List<ShardRange>();
        Visit(Root);
        return cover;

        void Visit(ShardRange node)
        {
            if (held.Contains(node))
            {
                cover.Add(node);
                return;
            }

            if (node.End <= held.Start || held.End <= node.Start) return;
            var (left, right) = Split(node);
            Visit(left);
            Visit(right);
        }
    }

    /// <summary>Adds the pieces of all ranks up to the root, in tree order.</summary>
    /// <param name="pieces">Sums of nodes that cover every shard once, in any order.</param>
    /// <param name="combine">Adds a left and a right sum; may reuse either of them.</param>
    /// <exception cref="ArgumentException">The pieces leave out or repeat a shard.</exception>
    public T Combine<T>(IEnumerable<SubtreeSum<T>> pieces, Func<T, T, T> combine)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        var accumulator = new TreeAccumulator<T>(this, Root, combine);
        foreach (var piece in pieces) accumulator.Add(piece.Node, piece.Value);
        if (!accumulator.IsComplete) throw new ArgumentException($"The pieces do not cover all of {Root}.", nameof(pieces));
        return accumulator.Pieces[0].Value;
    }
}
