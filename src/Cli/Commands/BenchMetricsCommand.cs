using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Core;
using Atelier.Training.Benchmarks;
using Atelier.Training.Metrics.Detectors;
using Atelier.Training.Numerics;
using static TorchSharp.torch;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier bench metrics</c>: features a second and Fréchet distances, beside the same detector in Python and scipy.</summary>
internal static class BenchMetricsCommand
{
    public static Command Create()
    {
        var detector = new Option<string?>("--detector") { Description = "a TorchScript detector (default: one with random weights, made by the peer)" };
        var side = new Option<int>("--res") { Description = "size of the generated images", DefaultValueFactory = _ => 64 };
        var dimensions = new Option<int>("--dimensions") { Description = "of the Fréchet distance", DefaultValueFactory = _ => 2048 };
        var seconds = new Option<double>("--seconds") { Description = "how long, per rate", DefaultValueFactory = _ => 5 };
        var lanes = new Option<int>("--lanes") { Description = "ranges at once", DefaultValueFactory = _ => Environment.ProcessorCount };
        var json = new Option<bool>("--json") { Description = "print one JSON object" };
        var command = new Command("metrics", "Time evaluations, against Python with the same detector and scipy") { detector, side, dimensions, seconds, lanes, json };
        command.SetAction(parsed => Run(
            parsed.GetValue(detector), parsed.GetValue(side), parsed.GetValue(dimensions), parsed.GetValue(seconds), parsed.GetValue(lanes), parsed.GetValue(json)));
        return command;
    }

    private static int Run(string? detectorPath, int side, int dimensions, double seconds, int lanes, bool json)
    {
        if (dimensions < 2)
            throw new UserErrorException($"--dimensions {dimensions}: at least 2 are needed");
        if (lanes is < 1 or > 1024)
            throw new UserErrorException($"--lanes {lanes}: a number from 1 to 1024 is needed");
        if (seconds < 0)
            throw new UserErrorException("--seconds: a number from 0 up is needed");
        NumericsEnvironment.Apply(threads: 1, lanes);
        var folder = Directory.CreateTempSubdirectory("atelier-bench-");
        try
        {
            var result = new JsonObject();
            Frechet(result, dimensions, Path.Combine(folder.FullName, "covariances"));
            if (detectorPath is null && MetricsPeer.Run("make", Path.Combine(folder.FullName, "detector.pt")) is not null)
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
        if (MetricsPeer.Run("frechet", file, dimensions.ToString(CultureInfo.InvariantCulture)) is not { } peer)
            return;
        double theirs = peer["seconds"]!.GetValue<double>(), value = peer["value"]!.GetValue<double>();
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
        if (MetricsPeer.Run("detector", arguments) is not { } peer)
            return;
        double theirs = peer["features_per_s"]!.GetValue<double>();
        result["python_features_per_s"] = Math.Round(theirs, 1);
        result["detector_ratio"] = Math.Round(ours.Detector / theirs, 3);
        result["ratio"] = Math.Round(ours.Generated / theirs, 3);
    }

    private static void Print(JsonObject result, bool json)
    {
        if (json)
            Console.WriteLine(result.ToJsonString());
        else
            foreach (var (name, value) in result)
                Console.WriteLine($"{name,-24} {value}");
    }
}
