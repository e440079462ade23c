using Atelier.Core.Metrics;
using Atelier.Training.Exports;
using Atelier.Training.Metrics.Detectors;
using Atelier.Training.Metrics.Samples;
using Atelier.Training.Metrics.Statistics;
using Atelier.Training.Networks;
using Atelier.Training.Ops;
using Atelier.Training.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Benchmarks;

/// <summary>Features a second: of the detector alone, and of generator and detector.</summary>
/// <param name="Detector">Images given.</param>
/// <param name="Generated">Images generated.</param>
public sealed record FeatureRates(double Detector, double Generated);

/// <summary>Times of a Fréchet distance.</summary>
/// <param name="Cold">Seconds, with the real side's factorisation.</param>
/// <param name="Cached">Seconds, with the real side factored before.</param>
/// <param name="Value">The distance.</param>
public sealed record FrechetTimes(double Cold, double Cached, double Value);

/// <summary>Measures what evaluations spend their time on.</summary>
public static class MetricsBenchmark
{
    /// <summary>Measures features a second on images of a side.</summary>
    /// <param name="detector">The detector.</param>
    /// <param name="side">Pixels of the generator's images.</param>
    /// <param name="lanes">Ranges at once.</param>
    /// <param name="seconds">How long, each.</param>
    /// <param name="time">The clock.</param>
    public static FeatureRates Features(ScriptDetector detector, int side, int lanes, double seconds, TimeProvider time)
    {
        using var scope = NewDisposeScope();
        var net = new ScriptFeatures(detector, ScriptFeatures.Features);
        var config = new GeneratorConfig(new ImageShape(side, side), 512, 512, 0, 2048, 64, 2);
        using var state = new TrajectoryState(new ModelConfig(config, new DiscriminatorConfig(config.Shape, 0, 2048, 64)), ScalarType.Float32, CPU);
        InitialState.Fill(state, seed: 0);
        using var generator = NetworkFile.Use(state, CPU);
        var draws = new EvaluationDraws(0, config, new LabelSource(0, (_, _) => { }), CPU);
        return new FeatureRates(
            Rate(new GivenImages(net, side), lanes, seconds, time), Rate(new GeneratedFeatures(generator.Network, draws, net, int.MaxValue), lanes, seconds, time));
    }

    /// <summary>Two covariances of full rank, [D, D] each, with quickly falling eigenvalues as features have.</summary>
    public static (Tensor First, Tensor Second) Covariances(int size)
    {
        using var scope = NewDisposeScope();
        Tensor Covariance(ulong key)
        {
            var rows = empty([size + (size / 4), size], ScalarType.Float64);
            PhiloxFill.Normal(rows, key, 0);
            return (SecondMoments.Gram(rows * arange(1, size + 1, ScalarType.Float64).pow(-0.5)) / rows.shape[0]).MoveToOuterDisposeScope();
        }
        return (Covariance(1), Covariance(2));
    }

    /// <summary>Times the distance of two covariances with equal means, the best of some.</summary>
    public static FrechetTimes Frechet(Tensor first, Tensor second, int repetitions, TimeProvider time)
    {
        using var scope = NewDisposeScope();
        var mean = zeros([first.shape[0]], ScalarType.Float64);
        double cold = double.PositiveInfinity, cached = double.PositiveInfinity, value = 0;
        for (int i = 0; i < repetitions; i++)
        {
            long start = time.GetTimestamp();
            using var side = FrechetSide.Of(mean, first);
            long factored = time.GetTimestamp();
            value = FrechetDistance.Between(side, mean, second);
            cached = Math.Min(cached, time.GetElapsedTime(factored).TotalSeconds);
            cold = Math.Min(cold, time.GetElapsedTime(start).TotalSeconds);
        }
        return new FrechetTimes(cold, cached, value);
    }

    // As an evaluation runs: ranges over lanes, moments of each, merged in order.
    private static double Rate(ISampleSource source, int lanes, double seconds, TimeProvider time)
    {
        using (source.Compute(new SampleRange(0, 32)))
        {
            // Once without the clock: the first calls compile and allocate.
        }
        long start = time.GetTimestamp();
        int done = 0;
        var ranges = SampleRange.Cut(1 << 20);
        using var enough = new CancellationTokenSource();
        try
        {
            RangeLanes.Run(
                ranges, lanes,
                range =>
                {
                    using var rows = source.Compute(range);
                    return FeatureMoments.Of(rows);
                },
                (range, moments) =>
                {
                    moments.Dispose();
                    done = range.End;
                    if (time.GetElapsedTime(start).TotalSeconds >= seconds)
                        enough.Cancel();
                },
                enough.Token);
        }
        catch (OperationCanceledException)
        {
            // The time is over.
        }
        return done / time.GetElapsedTime(start).TotalSeconds;
    }

    private sealed class GivenImages(IFeatureNet net, int side) : ISampleSource
    {
        private const int Images = 16;

        private readonly Tensor _images = arange(0, Images * 3L * side * side, ScalarType.Int64).remainder(251).view(Images, 3, side, side).to(ScalarType.Byte);

        public string What => "given images";

        public string Key => What;

        public int AtOnce => Images;

        public int Count => int.MaxValue;

        public Tensor Compute(SampleRange range)
        {
            using var scope = NewDisposeScope();
            return cat([.. range.Pieces(AtOnce).Select(some => net.Features(_images.narrow(0, 0, some.Count)))], 0).MoveToOuterDisposeScope();
        }
    }
}
