using System.Diagnostics;
using Atelier.Core.Randomness;
using Atelier.Core.Schedules;
using Atelier.Core.Sharding;
using Atelier.Core.Specs;
using Atelier.Training.Augmentation;
using Atelier.Training.Interop;
using Atelier.Training.Networks;
using Atelier.Training.Ops;
using Atelier.Training.Planning;
using Atelier.Training.Randomness;
using Atelier.Training.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Benchmarks;

/// <summary>What to time.</summary>
/// <param name="Shape">Image size.</param>
/// <param name="ChannelBase">Channels are min(base / resolution, max).</param>
/// <param name="ChannelMax">See <paramref name="ChannelBase"/>.</param>
/// <param name="Batch">Images per iteration.</param>
/// <param name="Shard">Images per shard.</param>
/// <param name="Lanes">Shards at once.</param>
/// <param name="Iterations">Timed passes of every phase.</param>
/// <param name="Device">Where to compute.</param>
/// <param name="Augmentation">What is done to images in front of the discriminator; null for nothing.</param>
public sealed record StepBenchmarkOptions(ImageShape Shape, int ChannelBase, int ChannelMax, int Batch, int Shard, int Lanes, int Iterations, Device Device, AugmentationOptions? Augmentation = null)
{
    /// <summary>The published networks, at this size.</summary>
    public ModelConfig Model => new(
        new GeneratorConfig(Shape, 512, 512, 0, ChannelBase, ChannelMax, 8),
        new DiscriminatorConfig(Shape, 0, ChannelBase, ChannelMax, MinibatchGroup: Math.Min(4, Shard)));

    /// <summary>What an image costs, over iterations with lazy regularisation.</summary>
    public PassCost Cost => 1.0 / Batch * new StepCost(Model.Generator, Model.Discriminator).Of(StepBenchmark.PhasesOf(Losses), Batch);

    internal LossOptions Losses => new(Gamma: 1, Augmentation: Augmentation);
}

/// <summary>What was measured.</summary>
/// <param name="PhaseSeconds">Median seconds of each phase, optimiser step included.</param>
/// <param name="ImagesPerSecond">Of a whole lazily regularised iteration: G every 4th, D every 16th.</param>
public sealed record StepBenchmarkResult(IReadOnlyDictionary<PhaseKind, double> PhaseSeconds, double ImagesPerSecond);

/// <summary>
/// Times the four phases of an iteration with the published networks (z = w = 512, 8 mapping layers, skip generator,
/// residual discriminator), style mixing and noise on, random images.
/// </summary>
public static class StepBenchmark
{
    private const int GeneratorInterval = 4;
    private const int DiscriminatorInterval = 16;

    /// <summary>So long, and at least once, all phases run untimed: .NET compiles what runs often once more meanwhile, on a processor that a lane would have.</summary>
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);

    /// <summary>Runs the benchmark.</summary>
    public static StepBenchmarkResult Run(StepBenchmarkOptions options)
    {
        var model = options.Model;
        using var state = new TrajectoryState(model, ScalarType.Float32, options.Device);
        InitialState.Fill(state, seed: 0);
        var losses = options.Losses;
        var phases = PhasesOf(losses);
        using var lanes = new ShardLanes(state, losses, options.Lanes);
        using var statistics = new StepStatistics(options.Device);
        int shards = options.Batch / options.Shard;
        var source = new DrawSource(512, 0, 0, (_, _) => { }, StyleMixing: 0.9, RandomNoise: true, ScalarType.Float32, options.Device);
        using var images = rand([options.Shard, 3, options.Shape.Height, options.Shape.Width], ScalarType.Float32, options.Device).Times(2).Minus(1);
        var real = new RealShard(options.Shard, () => (images, null));
        var adam = new AdamHyper(0.002, 0, 0.99, 1e-8);

        var seconds = new Dictionary<PhaseKind, List<double>>();
        long begun = Stopwatch.GetTimestamp();
        for (int iteration = 0, timed = 0; timed < options.Iterations; iteration++)
        {
            bool isTimed = iteration > 0 && Stopwatch.GetElapsedTime(begun) >= WarmUp;
            timed += isTimed ? 1 : 0;
            foreach (var phase in phases)
            {
                var once = new TrainStep(lanes, new SoloReduction(shards), new StepOptions(options.Batch, [phase with { Interval = 1 }], losses, adam, adam, 10, null));
                int drawn = iteration;
                long start = Stopwatch.GetTimestamp();
                once.Run(state, (kind, shard) => new ShardInputs(real, new KeyedDraws(new DrawKey(0, 0, DrawPurpose.Latent, drawn, (int)kind.Kind, shard), source)), statistics, CancellationToken.None);
                if (options.Device.type == TorchSharp.DeviceType.CUDA)
                    cuda.synchronize();
                if (isTimed)
                    (seconds.TryGetValue(phase.Kind, out var list) ? list : seconds[phase.Kind] = []).Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        }
        var medians = seconds.ToDictionary(pair => pair.Key, pair => Median(pair.Value));
        return new StepBenchmarkResult(medians, options.Batch / phases.Sum(phase => medians[phase.Kind] / phase.Interval));
    }

    /// <summary>The phases of lazy regularisation.</summary>
    internal static IReadOnlyList<Phase> PhasesOf(LossOptions losses) =>
        PhaseSchedule.Build(new LazyRegularisation(GeneratorInterval), losses.PathWeight, new LazyRegularisation(DiscriminatorInterval), losses.Gamma);

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

/// <summary>The machine's measured rate of float32 matrix products: the floor that a training step is compared with.</summary>
public static class GemmRate
{
    private const int Size = 1024;
    private const int Repeats = 7;

    /// <summary>Best of several products of 1024×1024 matrices, one in each of <paramref name="lanes"/> at once on its own threads.</summary>
    /// <returns>GFLOP/s over all lanes.</returns>
    public static double Measure(int lanes)
    {
        double best = 0;
        for (int repeat = 0; repeat < Repeats; repeat++)
        {
            // The clock starts before any lane is let go: whoever waits for a core beside them would start it late.
            long start = 0;
            using var ready = new Barrier(lanes, _ => start = Stopwatch.GetTimestamp());
            var workers = Enumerable.Range(0, lanes).Select(_ => new Thread(() => Product(ready))).ToArray();
            foreach (var worker in workers)
                worker.Start();
            foreach (var worker in workers)
                worker.Join();
            best = Math.Max(best, lanes * 2.0 * Size * Size * Size / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
        }
        return best;
    }

    private static void Product(Barrier ready)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var a = ones([Size, Size], ScalarType.Float32);
        var b = ones([Size, Size], ScalarType.Float32);
        MatrixProductOp.Multiply(a, b);
        ready.SignalAndWait();
        MatrixProductOp.Multiply(a, b);
    }
}
