using System.Diagnostics;
using System.Security.Cryptography;
using Atelier.Core;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Randomness;
using Atelier.Core.Schedules;
using Atelier.Core.Sharding;
using Atelier.Core.Specs;
using Atelier.Protos;
using Atelier.Training.Randomness;
using Atelier.Training.Snapshots;
using Atelier.Training.Step;
using Atelier.Worker.Loop;
using static TorchSharp.torch;

namespace Atelier.Worker.Session;

/// <summary>
/// A fixed piece of training: all phases of one iteration on one shard of a small network, with fixed data. Workers that
/// give different digests would give a run different bits.
/// </summary>
internal static class AdmissionProbe
{
    private const ulong Seed = 20200615;

    private static readonly RunSpec Spec = new()
    {
        Resolution = new Resolution(32, 32),
        ChannelBase = 2048,
        ChannelMax = 64,
        MappingLayers = 2,
        ZDim = 64,
        WDim = 64,
        Batch = 4,
        Shard = 4,
        MbstdGroup = 4,
        Aug = AugmentationMode.Fixed,
        Augpipe = AugmentationPipe.Bgcfnc,
        AugP = 0.8,
    };

    /// <summary>Computes it on a device, in the caller's thread.</summary>
    public static ProbeResult Run(Device device)
    {
        long start = Stopwatch.GetTimestamp();
        using var scope = NewDisposeScope();
        using var state = new TrajectoryState(Spec.ToModel(), ScalarType.Float32, device);
        InitialState.Fill(state, Seed);
        using var lanes = new ShardLanes(state, Spec.ToStep().Losses, 1);
        using var statistics = new StepStatistics(device);
        var source = new DrawSource(Spec.ZDim, 0, Spec.Batch, (_, _) => { }, Spec.StyleMixing, RandomNoise: true, ScalarType.Float32, device);
        new TrainStep(lanes, new SoloReduction(Spec.Shards), Spec.ToStep()).Run(state, (phase, shard) => Inputs(phase, shard, source), statistics, CancellationToken.None);
        return new ProbeResult { DigestSha256 = StateSections.Hash(state), DurationSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds };
    }

    private static ShardInputs Inputs(Phase phase, int shard, DrawSource source) => new(
        new RealShard(Spec.Shard, () => (Images().to(source.Device), null)), new KeyedDraws(new DrawKey(Seed, 0, DrawPurpose.Latent, 0, (int)phase.Kind, shard), source));

    /// <summary>Images without files: a pattern of integers, scaled.</summary>
    private static Tensor Images()
    {
        var size = Spec.Resolution;
        var pixels = Enumerable.Range(0, Spec.Shard * 3 * size.Height * size.Width).Select(i => (i * 37 % 256 / 127.5f) - 1).ToArray();
        return tensor(pixels, [Spec.Shard, 3, size.Height, size.Width]);
    }
}

/// <summary>
/// What workers of a generation compare at every tick: the hash of the state, which all have to have, and one shard's
/// gradient, which two of them compute.
/// </summary>
internal sealed class ReplicaChecks(RunContext context, GenerationPlan plan, int rank, Outbox outbox) : ILoopObserver
{
    /// <inheritdoc/>
    public void AfterIteration(LoopMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        var state = moment.State;
        if (state.Iteration % context.Spec.TickIterations != 0)
            return;
        Send(state, StateSections.Hash(state), null);
        if (DoubleCheck.Of(state.Iteration / context.Spec.TickIterations, plan) is { } check && (check.Holder.Index == rank || check.Second.Index == rank) && !moment.IsLast)
            Send(state, DigestOf(state, check.Shard), check.Shard);
    }

    /// <summary>SHA-256 of what a shard adds in the first phase of the next iteration.</summary>
    private string DigestOf(TrajectoryState state, int shard)
    {
        using var scope = NewDisposeScope();
        var range = new ShardRange(shard, shard + 1);
        using var inputs = context.Inputs(range);
        var minibatch = inputs.At(state.Iteration, new Core.ImageCount(state.ImageCount), CancellationToken.None);
        var phase = PhaseSchedule.At(context.Spec.Phases, state.Iteration).First();
        var pieces = context.Lanes.Sum(phase, context.Spec.Shards, range, index => minibatch.Of(phase, index), state.PhaseStart, CancellationToken.None);
        using var sum = pieces[0].Value;
        string digest = Convert.ToHexStringLower(SHA256.HashData(sum.cpu().bytes));
        return digest;
    }

    private void Send(TrajectoryState state, string digest, int? shard)
    {
        var message = new StateDigest
        {
            Run = context.Run,
            Version = new Core.Fleet.StateVersion(plan.Start.Lineage, new(state.Iteration, 0)).ToMessage(),
            DigestSha256 = digest,
        };
        if (shard is { } index)
            message.Shard = index;
        outbox.Add(new WorkerMessage { StateDigest = message });
    }
}
