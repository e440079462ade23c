using Atelier.Core.Schedules;
using Atelier.Core.Sharding;
using Atelier.Training.Losses;
using static TorchSharp.torch;

namespace Atelier.Training.Step;

/// <summary>
/// Computes the shards that a process holds, some at once, and sums them along the reduction tree. How many lanes
/// there are changes the speed and the memory, never the bits: a shard is computed by one lane alone.
/// </summary>
public sealed class ShardLanes : IDisposable
{
    private readonly LaneThread[] _threads;
    private readonly Replica[] _replicas;
    private readonly ShardLoss _loss;

    /// <summary>Starts <paramref name="lanes"/> threads over one state.</summary>
    public ShardLanes(TrajectoryState state, LossOptions options, int lanes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lanes, 1);
        _loss = new ShardLoss(state.Model, options);
        _replicas = new Replica[lanes];
        _threads = new LaneThread[lanes];
        for (int i = 0; i < lanes; i++)
        {
            _replicas[i] = new Replica(state);
            _threads[i] = new LaneThread($"lane {i}");
        }
    }

    /// <summary>Sums the contributions of the shards in <paramref name="held"/>.</summary>
    /// <param name="phase">The phase to compute.</param>
    /// <param name="shardCount">Shards of the whole minibatch.</param>
    /// <param name="held">The contiguous range to compute.</param>
    /// <param name="inputs">Real images and draws of a shard; called on lane threads.</param>
    /// <param name="pathLengthMean">[1] the mean path length when the phase began.</param>
    /// <param name="cancellation">Checked before every shard.</param>
    /// <returns>One sum for each maximal subtree inside the range; the caller disposes them.</returns>
    public IReadOnlyList<SubtreeSum<Tensor>> Sum(
        Phase phase, int shardCount, ShardRange held, Func<int, ShardInputs> inputs, Tensor pathLengthMean, CancellationToken cancellation)
    {
        var sum = new TreeAccumulator<Tensor>(new ReductionTree(shardCount), held, PhaseSum.Combine);
        int next = held.Start - 1;
        var running = new Task[Math.Min(_threads.Length, held.Count)];
        for (int lane = 0; lane < running.Length; lane++)
        {
            var replica = _replicas[lane];
            running[lane] = _threads[lane].Start(() =>
            {
                for (int shard = Interlocked.Increment(ref next); shard < held.End; shard = Interlocked.Increment(ref next))
                {
                    cancellation.ThrowIfCancellationRequested();
                    using var scope = NewDisposeScope();
                    var (real, draws) = inputs(shard);
                    var contribution = _loss.Compute(phase, replica, real, draws, pathLengthMean).clone().DetachFromDisposeScope();
                    lock (sum)
                        sum.Add(shard, contribution);
                }
            });
        }
        LaneThread.WaitAll(running);
        return sum.Pieces;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var thread in _threads)
            thread.Dispose();
        foreach (var replica in _replicas)
            replica.Dispose();
    }
}
