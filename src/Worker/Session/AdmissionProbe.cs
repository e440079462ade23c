using System.Diagnostics;
using Atelier.Core;
using Atelier.Core.Randomness;
using Atelier.Core.Schedules;
using Atelier.Core.Specs;
using Atelier.Protos;
using Atelier.Training.Randomness;
using Atelier.Training.Snapshots;
using Atelier.Training.Step;
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
