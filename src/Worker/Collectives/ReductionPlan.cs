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

/// <summary>The reduction tree cut off at the pieces that ranks hold: a piece, or the sum of two nodes.</summary>
/// <param name="Rank">The rank that holds the piece; meaningless for a sum.</param>
/// <param name="Piece">The piece's index among its rank's, from left to right; meaningless for a sum.</param>
/// <param name="Left">The left operand, null for a piece.</param>
/// <param name="Right">The right operand, null for a piece.</param>
internal sealed record SumNode(int Rank, int Piece, SumNode? Left, SumNode? Right)
{
    /// <summary>Sums below each other: scratch buffers that evaluating it takes.</summary>
    public int Depth { get; } = Left is null ? 0 : 1 + Math.Max(Left.Depth, Right!.Depth);

    /// <summary>The sums over all pieces.</summary>
    /// <param name="tree">The tree of the minibatch.</param>
    /// <param name="pieces">The nodes that each rank holds.</param>
    public static SumNode Build(ReductionTree tree, IReadOnlyList<IReadOnlyList<ShardRange>> pieces)
    {
        var holders = pieces.SelectMany((nodes, rank) => nodes.Select((node, piece) => (node, at: new SumNode(rank, piece, null, null)))).ToDictionary(pair => pair.node, pair => pair.at);
        return Visit(tree.Root);

        SumNode Visit(ShardRange node)
        {
            if (holders.TryGetValue(node, out var piece))
                return piece;
            var (left, right) = ReductionTree.Split(node);
            return new SumNode(-1, -1, Visit(left), Visit(right));
        }
    }
}

/// <summary>
/// How a buffer is cut: a chunk for each rank, which sums it for all, and segments of a chunk, which travel one by one. The
/// last chunks are short or empty if the buffer is.
/// </summary>
/// <param name="length">Elements of the buffer.</param>
/// <param name="ranks">Number of ranks.</param>
/// <param name="segment">Elements of a segment, at least 1.</param>
internal readonly struct ChunkPlan(long length, int ranks, int segment)
{
    // A cache line of the smallest elements, so that chunks of two ranks share none.
    private const int Alignment = 16;

    private readonly long _chunk = (length + ranks - 1) / ranks is var even && even % Alignment == 0 ? even : even + Alignment - even % Alignment;

    /// <summary>Elements in a rank's chunk.</summary>
    public long LengthOf(int rank) => Math.Clamp(length - rank * _chunk, 0, _chunk);

    /// <summary>Segments in a rank's chunk.</summary>
    public int SegmentsOf(int rank) => (int)((LengthOf(rank) + segment - 1) / segment);

    /// <summary>Where a segment lies in the buffer, in elements.</summary>
    /// <param name="rank">Whose chunk.</param>
    /// <param name="index">Which segment of it.</param>
    public (int Start, int Count) Segment(int rank, int index)
    {
        long offset = (long)index * segment;
        return (checked((int)(rank * _chunk + offset)), (int)Math.Min(segment, LengthOf(rank) - offset));
    }
}
