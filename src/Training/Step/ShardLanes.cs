using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Atelier.Core.Schedules;
using Atelier.Core.Sharding;
using Atelier.Training.Interop;
using Atelier.Training.Losses;
using Atelier.Training.Networks;
using Atelier.Training.Randomness;
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
                using var queued = ReadBack.Forbid();
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

/// <summary>
/// A thread that computes shards. It lives as long as the run, because libtorch keeps an OpenMP pool and scratch
/// memory for every thread that calls it.
/// </summary>
public sealed class LaneThread : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    /// <summary>Starts a thread called <paramref name="name"/>.</summary>
    public LaneThread(string name)
    {
        _thread = new Thread(Run) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Runs <paramref name="work"/> on this thread; the task carries its exception.</summary>
    public Task Start(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                work();
                done.SetResult();
            }
#pragma warning disable CA1031 // every exception is handed to the waiting thread
            catch (Exception e)
#pragma warning restore CA1031
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    /// <summary>
    /// Does the caller's own part, waits for all, and throws a failure as it was thrown: rather a cause than a cancellation
    /// that followed from it.
    /// </summary>
    public static void WaitAll(IEnumerable<Task> tasks, Action own)
    {
        var failures = new List<Exception>();
        try
        {
            own();
        }
#pragma warning disable CA1031 // thrown again below, when the others have ended
        catch (Exception e)
#pragma warning restore CA1031
        {
            failures.Add(e);
        }
        foreach (var task in tasks)
        {
            ((IAsyncResult)task).AsyncWaitHandle.WaitOne();
            if (task.Exception?.InnerException is { } failure)
                failures.Add(failure);
        }
        if (failures.Count > 0)
            ExceptionDispatchInfo.Throw(failures.Find(failure => failure is not OperationCanceledException) ?? failures[0]);
    }

    /// <summary>Waits for the work that was started, and ends the thread.</summary>
    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    private void Run()
    {
        foreach (var work in _work.GetConsumingEnumerable())
            work();
    }
}

/// <summary>
/// The networks as one lane sees them: views into the state's buffers, once as leaves that collect gradients in this
/// lane's own buffer and once as constants for the phases that train the other network.
/// </summary>
internal sealed class Replica : IDisposable
{
    private readonly NetworkViews _trainedGeneratorViews;
    private readonly NetworkViews _trainedDiscriminatorViews;
    private readonly NetworkViews _fixedGeneratorViews;
    private readonly NetworkViews _fixedDiscriminatorViews;

    public Replica(TrajectoryState state)
    {
        var model = state.Model;
        GeneratorBuffer = zeros([model.GeneratorBuffer.Length], state.Precision, state.Device).DetachFromDisposeScope();
        DiscriminatorBuffer = zeros([model.DiscriminatorBuffer.Length], state.Precision, state.Device).DetachFromDisposeScope();
        _trainedGeneratorViews = new NetworkViews(model.GeneratorLayout, state.Generator, GeneratorBuffer);
        _trainedDiscriminatorViews = new NetworkViews(model.DiscriminatorLayout, state.Discriminator, DiscriminatorBuffer);
        _fixedGeneratorViews = new NetworkViews(model.GeneratorLayout, state.Generator);
        _fixedDiscriminatorViews = new NetworkViews(model.DiscriminatorLayout, state.Discriminator);
        TrainedGenerator = new Generator(_trainedGeneratorViews, model.Generator);
        TrainedDiscriminator = new Discriminator(_trainedDiscriminatorViews, model.Discriminator);
        FixedGenerator = new Generator(_fixedGeneratorViews, model.Generator);
        FixedDiscriminator = new Discriminator(_fixedDiscriminatorViews, model.Discriminator);
    }

    /// <summary>Sets what of the networks is in use.</summary>
    public void Use(NetworkStage stage)
    {
        TrainedGenerator.Stage = FixedGenerator.Stage = stage;
        TrainedDiscriminator.Stage = FixedDiscriminator.Stage = stage;
    }

    /// <summary>What this lane's shard adds to a generator phase.</summary>
    public Tensor GeneratorBuffer { get; }

    /// <summary>What this lane's shard adds to a discriminator phase.</summary>
    public Tensor DiscriminatorBuffer { get; }

    public Generator TrainedGenerator { get; }

    public Discriminator TrainedDiscriminator { get; }

    public Generator FixedGenerator { get; }

    public Discriminator FixedDiscriminator { get; }

    public IReadOnlyList<Tensor> GeneratorLeaves => _trainedGeneratorViews.Trainable;

    public IReadOnlyList<Tensor> DiscriminatorLeaves => _trainedDiscriminatorViews.Trainable;

    public void Dispose()
    {
        _trainedGeneratorViews.Release();
        _trainedDiscriminatorViews.Release();
        _fixedGeneratorViews.Release();
        _fixedDiscriminatorViews.Release();
        GeneratorBuffer.Dispose();
        DiscriminatorBuffer.Dispose();
    }
}

/// <summary>What a shard's phase is computed from, besides the state.</summary>
/// <param name="Real">The shard's real images and labels.</param>
/// <param name="Draws">The shard's random draws.</param>
public sealed record ShardInputs(RealShard Real, IShardDraws Draws);

/// <summary>One shard of a minibatch of real images; converted to tensors only for the phases that look at them.</summary>
/// <param name="count">Images in the shard.</param>
/// <param name="load">Images [n, 3, H, W] in [-1, 1], and labels [n, labelSize] or null; called on the lane's thread.</param>
public sealed class RealShard(int count, Func<(Tensor Images, Tensor? Labels)> load)
{
    /// <summary>Images in the shard.</summary>
    public int Count => count;

    /// <summary>The images [n, 3, H, W] in [-1, 1], and the labels [n, labelSize], or null for an unconditional network.</summary>
    public (Tensor Images, Tensor? Labels) Load() => load();
}
