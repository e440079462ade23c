using Atelier.Core.Sharding;

namespace Atelier.Worker.Collectives;

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
