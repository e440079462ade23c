namespace Atelier.Core.Sharding;

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

    /// <summary>An empty accumulator.</summary>
    /// <param name="tree">The tree of the whole minibatch.</param>
    /// <param name="held">The shards that will be fed.</param>
    /// <param name="combine">Adds a left and a right sum, in this order; may reuse either of them as the result.</param>
    public TreeAccumulator(ReductionTree tree, ShardRange held, Func<T, T, T> combine)
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(combine);
        if (!tree.Root.Contains(held)) throw new ArgumentException($"{held} reaches beyond {tree.Shards} shards.", nameof(held));
        _tree = tree;
        _combine = combine;
        Held = held;
    }

    /// <summary>The shards that this accumulator sums.</summary>
    public ShardRange Held { get; }

    /// <summary>Values held at this moment.</summary>
    public int Live => _waiting.Count;

    /// <summary>Whether every held shard has arrived.</summary>
    public bool IsComplete => _shardsSeen == Held.Count;

    /// <summary>The sums of the nodes that cover the held range, from left to right.</summary>
    /// <exception cref="InvalidOperationException">Shards are missing.</exception>
    public IReadOnlyList<SubtreeSum<T>> Pieces => IsComplete
        ? [.. _tree.Cover(Held).Select(node => new SubtreeSum<T>(node, _waiting[node]))]
        : throw new InvalidOperationException($"{_shardsSeen} of {Held.Count} shards of {Held} have arrived.");

    /// <summary>Adds one shard's value.</summary>
    /// <param name="shard">Its index in the minibatch.</param>
    /// <param name="value">Its value; the accumulator owns it from here.</param>
    /// <exception cref="ArgumentException">The shard is not held or came before.</exception>
    public void Add(int shard, T value) => Add(new ShardRange(shard, shard + 1), value);

    /// <summary>Adds the sum of a whole node.</summary>
    /// <param name="node">A node of the tree inside the held range.</param>
    /// <param name="value">Its sum; the accumulator owns it from here.</param>
    /// <exception cref="ArgumentException">The node is not held, is none of the tree, or overlaps what came before.</exception>
    public void Add(ShardRange node, T value)
    {
        if (!Held.Contains(node)) throw new ArgumentException($"{node} is outside {Held}.", nameof(node));
        // An earlier value that overlaps this one has been merged into an ancestor or waits as a descendant.
        if (_waiting.Keys.Any(seen => seen.Start < node.End && node.Start < seen.End))
            throw new ArgumentException($"{node} was added before, in whole or in part.", nameof(node));
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
