using Atelier.Core.Sharding;
using Atelier.Training.Step;

namespace Atelier.Worker.Collectives;

/// <summary>
/// Several holders of shards in one process, each with a state of its own, summing through shared memory. A holder that
/// leaves takes the others with it: their waits end with its failure.
/// </summary>
public sealed class InProcessReduction : IDisposable
{
    private readonly ReductionTree _tree;
    private readonly Holder[] _holders;
    private readonly IReadOnlyList<SubtreeSum<Tensor>>[] _pieces;
    private readonly Barrier _barrier;
    private readonly CancellationTokenSource _abandoned = new();
    private Tensor? _sum;

    /// <summary>Splits <paramref name="shardCount"/> shards over <paramref name="holders"/> holders.</summary>
    public InProcessReduction(int shardCount, int holders)
    {
        _tree = new ReductionTree(shardCount);
        _holders = [.. ShardPlan.Even(shardCount, holders).Ranges.Select((range, rank) => new Holder(this, rank, range, shardCount))];
        _pieces = new IReadOnlyList<SubtreeSum<Tensor>>[holders];
        _barrier = new Barrier(holders);
    }

    /// <summary>Each holder's side, by rank.</summary>
    public IReadOnlyList<IPhaseReduction> Holders => _holders;

    /// <summary>Ends the waits of all holders, because one cannot go on.</summary>
    public void Abandon() => _abandoned.Cancel();

    /// <inheritdoc/>
    public void Dispose()
    {
        _barrier.Dispose();
        _abandoned.Dispose();
    }

    private Tensor Reduce(int rank, IReadOnlyList<SubtreeSum<Tensor>> pieces, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _abandoned.Token);
        _pieces[rank] = pieces;
        _barrier.SignalAndWait(either.Token);
        if (rank == 0)
            _sum = _tree.Combine(_pieces.SelectMany(piece => piece), PhaseSum.Combine);
        _barrier.SignalAndWait(either.Token);
        var mine = _sum!.clone().DetachFromDisposeScope();
        _barrier.SignalAndWait(either.Token);
        if (rank == 0)
            _sum.Dispose();
        return mine;
    }

    private sealed class Holder(InProcessReduction world, int rank, ShardRange held, int shardCount) : IPhaseReduction
    {
        public ShardRange Held => held;

        public int ShardCount => shardCount;

        public Tensor Reduce(string phase, IReadOnlyList<SubtreeSum<Tensor>> pieces, CancellationToken cancellation) =>
            world.Reduce(rank, pieces, cancellation);
    }
}
