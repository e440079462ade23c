using System.Diagnostics;
using Atelier.Core.Randomness;
using Atelier.Core.Schedules;
using Atelier.Core.Sharding;
using Atelier.Training.Augmentation;
using Atelier.Training.Networks;
using Atelier.Training.Randomness;
using Atelier.Training.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Benchmarks;

/// <summary>What to time.</summary>
/// <param name="Shape">Image size.</param>
/// <param name="ChannelBase">Channels are min(base / resolution, max).</param>
/// <param name="ChannelMax">See <paramref name="ChannelBase"/>.</param>
/// <param name="Batch">Images an iteration.</param>
/// <param name="Shard">Images a shard.</param>
/// <param name="Lanes">Shards at once.</param>
/// <param name="Iterations">Timed passes of every phase.</param>
/// <param name="Augmentation">What is done to images in front of the discriminator; null for nothing.</param>
public sealed record StepBenchmarkOptions(ImageShape Shape, int ChannelBase, int ChannelMax, int Batch, int Shard, int Lanes, int Iterations, AugmentationOptions? Augmentation = null);

/// <summary>What was measured.</summary>
/// <param name="PhaseSeconds">Median seconds of each phase, optimiser step included.</param>
/// <param name="ImagesPerSecond">Of a whole lazily regularised iteration: G every 4th, D every 16th.</param>
/// <param name="Flops">Floating-point operations of such an iteration, per image.</param>
public sealed record StepBenchmarkResult(IReadOnlyDictionary<PhaseKind, double> PhaseSeconds, double ImagesPerSecond, double Flops);

/// <summary>
/// Times the four phases of an iteration with the published networks (z = w = 512, 8 mapping layers, skip generator,
/// residual discriminator), style mixing and noise on, random images.
/// </summary>
public static class StepBenchmark
{
    private const int GeneratorInterval = 4;
    private const int DiscriminatorInterval = 16;

    /// <summary>Runs the benchmark on this machine's CPU.</summary>
    public static StepBenchmarkResult Run(StepBenchmarkOptions options)
    {
        int group = Math.Min(4, options.Shard);
        var model = new ModelConfig(
            new GeneratorConfig(options.Shape, 512, 512, 0, options.ChannelBase, options.ChannelMax, 8),
            new DiscriminatorConfig(options.Shape, 0, options.ChannelBase, options.ChannelMax, MinibatchGroup: group));
        using var state = new TrajectoryState(model, ScalarType.Float32, CPU);
        InitialState.Fill(state, seed: 0);
        var losses = new LossOptions(Gamma: 1, Augmentation: options.Augmentation);
        using var lanes = new ShardLanes(state, losses, options.Lanes);
        using var statistics = new StepStatistics(CPU);
        int shards = options.Batch / options.Shard;
        var source = new DrawSource(512, 0, 0, (_, _) => { }, StyleMixing: 0.9, RandomNoise: true, ScalarType.Float32, CPU);
        using var images = rand([options.Shard, 3, options.Shape.Height, options.Shape.Width], ScalarType.Float32).mul(2).sub(1);
        var real = new RealShard(options.Shard, () => (images, null));
        var adam = new AdamHyper(0.002, 0, 0.99, 1e-8);

        var seconds = new Dictionary<PhaseKind, List<double>>();
        for (int iteration = 0; iteration <= options.Iterations; iteration++)
        {
            foreach (var phase in PhaseSchedule.Build(new LazyRegularisation(GeneratorInterval), losses.PathWeight, new LazyRegularisation(DiscriminatorInterval), losses.Gamma))
            {
                var once = new TrainStep(lanes, new SoloReduction(shards), new StepOptions(options.Batch, [phase with { Interval = 1 }], losses, adam, adam, 10, null));
                int drawn = iteration;
                long start = Stopwatch.GetTimestamp();
                once.Run(state, (kind, shard) => new ShardInputs(real, new KeyedDraws(new DrawKey(0, 0, DrawPurpose.Latent, drawn, (int)kind.Kind, shard), source)), statistics, CancellationToken.None);
                if (iteration > 0) // the first pass warms up
                    (seconds.TryGetValue(phase.Kind, out var list) ? list : seconds[phase.Kind] = []).Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        }
        var medians = seconds.ToDictionary(pair => pair.Key, pair => Median(pair.Value));
        var flops = new StepFlops(model.Generator, model.Discriminator);
        double OfIteration(Func<PhaseKind, double> of) =>
            of(PhaseKind.Gmain) + (of(PhaseKind.Greg) / GeneratorInterval) + of(PhaseKind.Dmain) + (of(PhaseKind.Dreg) / DiscriminatorInterval);
        return new StepBenchmarkResult(medians, options.Batch / OfIteration(kind => medians[kind]), OfIteration(kind => flops.Of(kind, options.Batch)) / options.Batch);
    }

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
