using Atelier.Core;
using Atelier.Core.Sharding;
using Atelier.Training.Randomness;
using Atelier.Training.Step;
using Atelier.Worker.Collectives;
using Atelier.Worker.Loop;
using Atelier.Worker.Telemetry;
using static TorchSharp.torch;

namespace Atelier.Worker.Runs;

/// <summary>The holders of a run's shards in this process: a state, lanes and a loop each, joined by one reduction.</summary>
internal sealed class LocalRanks : IDisposable
{
    private readonly InProcessReduction? _world;
    private readonly List<LocalRank> _holders = [];

    /// <param name="name">The run's name, for metrics.</param>
    public LocalRanks(PreparedRun run, int count, int lanes, Device device, string name, TimeProvider time)
    {
        var spec = run.Record.Spec;
        var model = spec.ToModel();
        _world = count > 1 ? new InProcessReduction(spec.Shards, count) : null;
        var dataset = run.Dataset;
        var source = new DrawSource(
            spec.ZDim, spec.LabelDim, dataset.Count, (image, label) => dataset.CopyLabel((int)image, label), spec.StyleMixing, RandomNoise: true, ScalarType.Float32, device);
        foreach (var reduction in _world?.Holders ?? [new SoloReduction(spec.Shards)])
        {
            var state = new TrajectoryState(model, ScalarType.Float32, device);
            var shardLanes = new ShardLanes(state, spec.ToStep().Losses, Math.Min(lanes, reduction.Held.Count));
            var inputs = new StepInputs(dataset, new RunKeys(spec.Seed, run.Record.Branch), source, reduction.Held, spec.Minibatches, spec.Shards, spec.Mirror);
            var meter = new StepMeter(name, reduction.Held.Count / (double)spec.Shards, ImageCount.FromKimg(spec.TickKimg), () => inputs.Waited, default, time);
            _holders.Add(new LocalRank(state, shardLanes, inputs, new TrainStep(shardLanes, reduction, spec.ToStep()) { PhaseApplied = meter.PhaseApplied }, new StepStatistics(device), meter));
        }
    }

    /// <summary>The state that is shown, snapshotted and filled at the start.</summary>
    public TrajectoryState First => _holders[0].State;

    /// <summary>What the phases reported since the last tick; all holders have the same.</summary>
    public StepStatistics Statistics => _holders[0].Statistics;

    /// <summary>Longest time that a holder has waited for images.</summary>
    public TimeSpan DataWaited => _holders.Max(holder => holder.Inputs.Waited);

    /// <summary>Gives every holder the first one's state.</summary>
    public void Share()
    {
        foreach (var holder in _holders.Skip(1))
            holder.State.CopyFrom(First);
    }

    /// <summary>Trains on one thread a holder, the first of them the caller's; the first one's loop has the observers.</summary>
    public LoopEnd Train(ImageCount total, IStopSignal stop, IReadOnlyList<ILoopObserver> observers)
    {
        var shared = new SharedStop(stop);
        var ends = new LoopEnd[_holders.Count];
        void Run(int rank)
        {
            var (state, _, inputs, step, statistics, meter) = _holders[rank];
            try
            {
                ends[rank] = new TrainingLoop(step, inputs, shared, [meter, .. rank == 0 ? observers : [], meter.Next]).Run(state, total, statistics, CancellationToken.None);
            }
            catch
            {
                _world?.Abandon();
                throw;
            }
        }
        var threads = Enumerable.Range(1, _holders.Count - 1).Select(rank => new LaneThread($"holder {rank}")).ToList();
        try
        {
            LaneThread.WaitAll(threads.Select((thread, other) => thread.Start(() => Run(other + 1))).ToList(), () => Run(0));
        }
        finally
        {
            threads.ForEach(thread => thread.Dispose());
        }
        return ends[0];
    }

    public void Dispose()
    {
        foreach (var holder in _holders)
            holder.Dispose();
        _world?.Dispose();
    }

    private sealed record LocalRank(TrajectoryState State, ShardLanes Lanes, StepInputs Inputs, TrainStep Step, StepStatistics Statistics, StepMeter Meter) : IDisposable
    {
        public void Dispose()
        {
            Inputs.Dispose();
            Lanes.Dispose();
            Statistics.Dispose();
            State.Dispose();
        }
    }
}
