using System.Numerics;

namespace Atelier.Core.Sharding;

/// <summary>
/// The fixed binary tree along which everything is summed over shards. Its root covers all shards; the node [a, b) splits
/// at a + the largest power of two below b − a. It depends on the number of shards alone, so that a sum has the same bits
/// whichever workers computed its parts.
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
    /// <exception cref="ArgumentException">The range is not a node of this tree.</exception>
    public ShardRange? ParentOf(ShardRange node)
    {
        ShardRange? parent = null;
        var current = Root;
        while (current != node)
        {
            if (!current.Contains(node) || current.Count < 2) throw new ArgumentException($"{node} is not a node of a tree over {Shards} shards.", nameof(node));
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
        if (!Root.Contains(held)) throw new ArgumentException($"{held} extends beyond {Shards} shards.", nameof(held));
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

/// <summary>The sum over the shards of one node of the <see cref="ReductionTree"/>, added in tree order.</summary>
public readonly record struct SubtreeSum<T>(ShardRange Node, T Value);

/// <summary>
/// Sums the shards of one holder along the <see cref="ReductionTree"/>. Values arrive in any order; siblings are added as
/// soon as both are there, so that with shards handed out in order to lanes of like speed about lanes + log₂(shards)
/// values are alive at most; a lane that lags far behind adds up to 2·log₂(shards).
/// </summary>
/// <remarks>Not thread-safe: lanes add under one lock of their own. The combination runs inside <c>Add</c>.</remarks>
/// <typeparam name="T">What is summed: a number, a buffer handle, a record of statistics.</typeparam>
public sealed class TreeAccumulator<T>
{
    private readonly ReductionTree _tree;
    private readonly Func<T, T, T> _combine;
    private readonly Dictionary<ShardRange, T> _waiting = [];
    private int _shardsSeen;

    /// <param name="held">The shards that will be fed.</param>
    /// <param name="combine">Adds a left and a right sum, in this order; may reuse either of them as the result.</param>
    public TreeAccumulator(ReductionTree tree, ShardRange held, Func<T, T, T> combine)
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(combine);
        if (!tree.Root.Contains(held)) throw new ArgumentException($"{held} extends beyond {tree.Shards} shards.", nameof(held));
        _tree = tree;
        _combine = combine;
        Held = held;
    }

    public ShardRange Held { get; }

    public int Live => _waiting.Count;

    /// <summary>Whether every held shard has arrived.</summary>
    public bool IsComplete => _shardsSeen == Held.Count;

    /// <summary>The sums of the nodes that cover the held range, from left to right.</summary>
    /// <exception cref="InvalidOperationException">Shards are missing.</exception>
    public IReadOnlyList<SubtreeSum<T>> Pieces => IsComplete
        ? [.. _tree.Cover(Held).Select(node => new SubtreeSum<T>(node, _waiting[node]))]
        : throw new InvalidOperationException($"{_shardsSeen} of {Held.Count} shards of {Held} have arrived.");

    /// <param name="value">Its value; the accumulator owns it from here.</param>
    /// <exception cref="ArgumentException">The shard is not held or came before.</exception>
    public void Add(int shard, T value) => Add(new ShardRange(shard, shard + 1), value);

    /// <param name="node">A node of the tree inside the held range.</param>
    /// <param name="value">Its sum; the accumulator owns it from here.</param>
    /// <exception cref="ArgumentException">The node is not held, is none of the tree, or overlaps what came before.</exception>
    public void Add(ShardRange node, T value)
    {
        if (!Held.Contains(node)) throw new ArgumentException($"{node} is outside {Held}.", nameof(node));
        // An earlier value that overlaps this one has been merged into an ancestor or waits as a descendant.
        if (_waiting.Keys.Any(seen => seen.Start < node.End && node.Start < seen.End))
            throw new ArgumentException($"{node} was already added, in whole or in part.", nameof(node));
        var parent = _tree.ParentOf(node);
        _shardsSeen += node.Count;
        while (parent is { } above && Held.Contains(above))
        {
            var (left, right) = ReductionTree.Split(above);
            var nodeIsLeft = node == left;
            if (!_waiting.Remove(nodeIsLeft ? right : left, out var sibling)) break;
            value = nodeIsLeft ? _combine(value, sibling) : _combine(sibling, value);
            (node, parent) = (above, _tree.ParentOf(above));
        }

        _waiting.Add(node, value);
    }
}
