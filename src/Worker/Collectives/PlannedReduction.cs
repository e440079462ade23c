using Atelier.Core.Sharding;
using Atelier.Training.Step;
using static TorchSharp.torch;

namespace Atelier.Worker.Collectives;

/// <summary>The reduction of one rank among several in tree order: who holds what, and what becomes of the pieces. How they are summed is left to others.</summary>
public abstract class PlannedReduction : IPhaseReduction
{
    private readonly int _ranks;
    private bool _failed;

    /// <param name="ranges">Each rank's shards: contiguous, in rank order, together the whole minibatch.</param>
    /// <param name="rank">This rank.</param>
    /// <param name="ranks">Number of ranks.</param>
    /// <exception cref="ArgumentException">The ranges leave out or repeat a shard, or are not one a rank.</exception>
    private protected PlannedReduction(IReadOnlyList<ShardRange> ranges, int rank, int ranks)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        if (ranges.Count != ranks)
            throw new ArgumentException($"There are {ranges.Count} ranges for {ranks} ranks.", nameof(ranges));
        Plan = new AllReducePlan(new ReductionTree(ranges[^1].End), ranges);
        (Rank, _ranks) = (rank, ranks);
    }

    /// <inheritdoc/>
    public ShardRange Held => Plan.Ranges[Rank];

    /// <inheritdoc/>
    public int ShardCount => Plan.Tree.Shards;

    private protected AllReducePlan Plan { get; }

    private protected int Rank { get; }

    /// <inheritdoc/>
    /// <exception cref="CollectiveException">A rank is gone, takes too long, or does something else.</exception>
    /// <exception cref="InvalidOperationException">An earlier phase failed; the ranks have to join anew.</exception>
    public Tensor Reduce(string phase, IReadOnlyList<SubtreeSum<Tensor>> pieces, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        var tensors = pieces.Select(piece => piece.Value).ToList();
        try
        {
            if (_failed)
                throw new InvalidOperationException($"phase {phase}: an earlier phase failed, so the ranks have to join anew");
            if (!pieces.Select(piece => piece.Node).SequenceEqual(Plan.Pieces[Rank]))
                throw new ArgumentException($"The pieces {string.Join(' ', pieces.Select(piece => piece.Node))} do not belong to {Held}.", nameof(pieces));
            if (_ranks > 1)
                Sum(phase, tensors, cancellation);
        }
        catch
        {
            _failed = true;
            GiveUp();
            tensors.ForEach(tensor => tensor.Dispose());
            throw;
        }
        foreach (var spent in tensors.Skip(1))
            spent.Dispose();
        return tensors[0];
    }

    /// <summary>Leaves the sum of all ranks in the first tensor.</summary>
    private protected abstract void Sum(string phase, List<Tensor> tensors, CancellationToken cancellation);

    /// <summary>A phase has failed: nothing that is under way may touch the pieces any more.</summary>
    private protected virtual void GiveUp()
    {
    }
}
