using Atelier.Core.Schedules;
using Atelier.Core.Sharding;
using Atelier.Training.Losses;
using static TorchSharp.torch;

namespace Atelier.Training.Step;

/// <summary>
/// Computes the shards that a process holds, some at once, and sums them along the reduction tree. How many lanes
/// there are changes the speed and the memory, never the bits: a shard is computed by one lane alone.
/// </summary>
/// <remarks>
/// The first lane is the caller's own thread. libtorch keeps an OpenMP pool for every thread that calls it, and a pool
/// that waits spins: a lane apart from the thread that steps the optimiser would cost a core.
/// </remarks>
public sealed class ShardLanes : IDisposable
{
    private readonly LaneThread[] _others;
    private readonly Replica[] _replicas;
    private readonly ShardLoss _loss;

    /// <summary>Makes <paramref name="lanes"/> lanes over one state, and starts the threads of all but the first.</summary>
    public ShardLanes(TrajectoryState state, LossOptions options, int lanes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lanes, 1);
        _loss = new ShardLoss(state.Model, options);
        _replicas = [.. Enumerable.Range(0, lanes).Select(_ => new Replica(state))];
        _others = [.. Enumerable.Range(1, lanes - 1).Select(lane => new LaneThread($"lane {lane}"))];
    }

    /// <summary>Sums the contributions of the shards in <paramref name="held"/>.</summary>
    /// <param name="phase">The phase to compute.</param>
    /// <param name="shardCount">Shards of the whole minibatch.</param>
    /// <param name="held">The contiguous range to compute.</param>
    /// <param name="inputs">Real images and draws of a shard; called on every lane's thread.</param>
    /// <param name="start">What else the phase takes of the state.</param>
    /// <param name="cancellation">Checked before every shard.</param>
    /// <returns>One sum for each maximal subtree inside the range; the caller disposes them.</returns>
    public IReadOnlyList<SubtreeSum<Tensor>> Sum(
        Phase phase, int shardCount, ShardRange held, Func<int, ShardInputs> inputs, PhaseStart start, CancellationToken cancellation)
    {
        var sum = new TreeAccumulator<Tensor>(new ReductionTree(shardCount), held, PhaseSum.Combine);
        int next = held.Start - 1;
        void Compute(Replica replica)
        {
            for (int shard = Interlocked.Increment(ref next); shard < held.End; shard = Interlocked.Increment(ref next))
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                var (real, draws) = inputs(shard);
                var contribution = _loss.Compute(phase, replica, real, draws, start).clone().DetachFromDisposeScope();
                lock (sum)
                    sum.Add(shard, contribution);
            }
        }
        var others = _others.Take(held.Count - 1).Select((thread, other) => thread.Start(() => Compute(_replicas[other + 1]))).ToList();
        LaneThread.WaitAll(others, () => Compute(_replicas[0]));
        return sum.Pieces;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var thread in _others)
            thread.Dispose();
        foreach (var replica in _replicas)
            replica.Dispose();
    }
}
