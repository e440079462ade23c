using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Atelier.Cli;
using Atelier.Core;
using Atelier.Core.Metrics;
using Atelier.Training.Exports;
using Atelier.Training.Metrics.Detectors;
using Atelier.Training.Metrics.Samples;
using Atelier.Training.Metrics.Statistics;
using Atelier.Training.Networks;
using Atelier.Training.Numerics;
using Atelier.Training.Ops;
using Atelier.Training.Step;
using static TorchSharp.torch;

namespace Atelier.Bench;

/// <summary><c>metrics</c>: features per second and Fréchet distances, beside the same detector in Python and scipy.</summary>
internal static class MetricsCommand
{
    public static Command Create()
    {
        var detector = new Option<string?>("--detector") { Description = "a TorchScript detector (default: one with random weights, made by the peer)" };
        var side = new Option<int>("--res") { Description = "size of the generated images", DefaultValueFactory = _ => 64 };
        var dimensions = new Option<int>("--dimensions") { Description = "of the Fréchet distance", DefaultValueFactory = _ => 2048 };
        var seconds = new Option<double>("--seconds") { Description = "how long, per rate", DefaultValueFactory = _ => 5 };
        var lanes = new Option<int>("--lanes") { Description = "parts to compute in parallel", DefaultValueFactory = _ => Environment.ProcessorCount };
        var json = new Option<bool>("--json") { Description = "print a JSON object" };
        var command = new Command("metrics", "Time evaluations, against Python with the same detector and scipy") { detector, side, dimensions, seconds, lanes, json };
        command.SetAction(parsed => Run(
            parsed.GetValue(detector), parsed.GetValue(side), parsed.GetValue(dimensions), parsed.GetValue(seconds), parsed.GetValue(lanes), parsed.GetValue(json)));
        return command;
    }

    private static int Run(string? detectorPath, int side, int dimensions, double seconds, int lanes, bool json)
    {
        if (dimensions < 2)
            throw new UserErrorException($"--dimensions {dimensions}: must be at least 2");
        if (lanes is < 1 or > 1024)
            throw new UserErrorException($"--lanes {lanes}: must be from 1 to 1024");
        if (seconds < 0)
            throw new UserErrorException("--seconds: a number from 0 up is needed");
        NumericsEnvironment.Apply(threads: 1, lanes);
        var folder = Directory.CreateTempSubdirectory("atelier-bench-");
        try
        {
            var result = new JsonObject();
            Frechet(result, dimensions, Path.Combine(folder.FullName, "covariances"));
            if (detectorPath is null && Peer("make", Path.Combine(folder.FullName, "detector.pt")) is not null)
                detectorPath = Path.Combine(folder.FullName, "detector.pt");
            if (detectorPath is not null)
                Features(result, detectorPath, side, lanes, seconds);
            Print(result, json);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
        return ExitCode.Success;
    }

    private static void Frechet(JsonObject result, int dimensions, string file)
    {
        using var scope = NewDisposeScope();
        var (first, second) = MetricsBenchmark.Covariances(dimensions);
        using (var stream = File.Create(file))
        {
            stream.Write(first.bytes);
            stream.Write(second.bytes);
        }
        var ours = MetricsBenchmark.Frechet(first, second, repetitions: 3, TimeProvider.System);
        result["dimensions"] = dimensions;
        result["frechet_cold_s"] = Math.Round(ours.Cold, 4);
        result["frechet_cached_s"] = Math.Round(ours.Cached, 4);
        if (Peer("frechet", file, dimensions.ToString(CultureInfo.InvariantCulture)) is not { } peer)
            return;
        double theirs = peer.GetProperty("seconds").GetDouble(), value = peer.GetProperty("value").GetDouble();
        result["scipy_s"] = Math.Round(theirs, 4);
        result["frechet_cold_ratio"] = Math.Round(theirs / ours.Cold, 2);
        result["frechet_cached_ratio"] = Math.Round(theirs / ours.Cached, 2);
        result["frechet_difference"] = Math.Abs(ours.Value - value) / Math.Abs(value);
    }

    private static void Features(JsonObject result, string path, int side, int lanes, double seconds)
    {
        using var detector = ScriptDetector.Load(path, sha256: null, [ScriptFeatures.Features], CPU);
        var ours = MetricsBenchmark.Features(detector, side, lanes, seconds, TimeProvider.System);
        result["lanes"] = lanes;
        result["detector_features_per_s"] = Math.Round(ours.Detector, 1);
        result["features_per_s"] = Math.Round(ours.Generated, 1);
        string[] arguments = [path, lanes.ToString(CultureInfo.InvariantCulture), side.ToString(CultureInfo.InvariantCulture), seconds.ToString(CultureInfo.InvariantCulture)];
        if (Peer("detector", arguments) is not { } peer)
            return;
        double theirs = peer.GetProperty("features_per_s").GetDouble();
        result["python_features_per_s"] = Math.Round(theirs, 1);
        result["detector_ratio"] = Math.Round(ours.Detector / theirs, 3);
        result["ratio"] = Math.Round(ours.Generated / theirs, 3);
    }

    private static JsonElement? Peer(string command, params string[] arguments) =>
        PythonPeer.Run("metrics_peer.py", "python3-torch and python3-scipy", [command, .. arguments]);

    private static void Print(JsonObject result, bool json)
    {
        if (json)
            Console.WriteLine(result.ToJsonString());
        else
            foreach (var (name, value) in result)
                Console.WriteLine($"{name,-24} {value}");
    }
}

/// <summary>Features per second: of the detector alone, and of generator and detector.</summary>
/// <param name="Detector">Images given.</param>
/// <param name="Generated">Images generated.</param>
internal sealed record FeatureRates(double Detector, double Generated);

/// <summary>Times of a Fréchet distance.</summary>
/// <param name="Cold">Seconds, with the real side's factorisation.</param>
/// <param name="Cached">Seconds, with the real side factored before.</param>
/// <param name="Value">The distance.</param>
internal sealed record FrechetTimes(double Cold, double Cached, double Value);

/// <summary>Measures what evaluations spend their time on.</summary>
internal static class MetricsBenchmark
{
    /// <summary>Measures features per second.</summary>
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
