using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Core;
using Atelier.Core.Specs;
using Atelier.Training.Augmentation;
using Atelier.Training.Benchmarks;
using Atelier.Training.Networks;
using Atelier.Training.Numerics;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier bench step</c>: seconds per phase of a training iteration, and how far from the floor they are.</summary>
internal static class BenchStepCommand
{
    private const int LeastShard = 4;

    public static Command Create()
    {
        var shard = new Option<int?>("--shard") { Description = "images per shard (default: half of the batch, at least 4)" };
        var resolution = new Option<int>("--res") { Description = "image size", Required = true };
        var channelBase = new Option<int>("--channel-base") { Description = "channels are min(base / resolution, max)", Required = true };
        var channelMax = new Option<int>("--channel-max") { Description = "maximum number of channels", Required = true };
        var batch = new Option<int>("--batch") { Description = "images per iteration", Required = true };
        var iterations = new Option<int>("--iterations") { Description = "timed passes of each phase", DefaultValueFactory = _ => 5 };
        var pipe = new Option<AugmentationPipe?>("--augpipe") { Description = "augmentation pipe for the discriminator's images (default: none)" };
        var p = new Option<double>("--aug-p") { Description = "probability of each augmentation", DefaultValueFactory = _ => 0.6 };
        var device = DeviceOption.Create();
        var json = new Option<bool>("--json") { Description = "print a JSON object" };
        var command = new Command("step", "Time the phases of a training iteration") { shard, resolution, channelBase, channelMax, batch, iterations, pipe, p, device, json };
        command.SetAction(parsed => Run(
            parsed.GetValue(resolution), parsed.GetValue(channelBase), parsed.GetValue(channelMax), parsed.GetValue(batch),
            parsed.GetValue(shard), parsed.GetValue(iterations),
            parsed.GetValue(pipe) is { } augpipe ? new AugmentationOptions(augpipe.Transforms(), FixedP: parsed.GetValue(p)) : null,
            DeviceOption.Parse(parsed.GetValue(device)!), parsed.GetValue(json)));
        return command;
    }

    private static int Run(int resolution, int channelBase, int channelMax, int batch, int? asked, int iterations, AugmentationOptions? augmentation, ComputeDevice device, bool json)
    {
        // Two lanes, as on the least machine.
        int shard = asked ?? Math.Min(Math.Max(LeastShard, batch / 2), batch);
        Require(("resolution", resolution), ("channel-base", channelBase), ("channel-max", channelMax), ("batch", batch), ("shard", shard), ("mbstd-group", Math.Min(4, shard)));
        if (iterations < 1)
            throw new UserErrorException($"--iterations {iterations}: must be at least 1");
        // As a spec decides it: one shard takes both cores of the least machine, several take one each.
        int shards = batch / shard, threads = shards >= 2 ? 1 : 2;
        int lanes = Math.Clamp(Environment.ProcessorCount / threads, 1, shards);
        NumericsEnvironment.Apply(threads, lanes);
        double gemm = GemmRate.Measure(lanes);
        var options = new StepBenchmarkOptions(new ImageShape(resolution, resolution), channelBase, channelMax, batch, shard, lanes, iterations, device.Open(), augmentation);
        var result = StepBenchmark.Run(options);
        double rate = options.Cost.Flops * result.ImagesPerSecond / 1e9;
        long peak = Process.GetCurrentProcess().PeakWorkingSet64;
        if (json)
        {
            Console.WriteLine(new JsonObject
            {
                ["phases_s"] = new JsonObject(result.PhaseSeconds.OrderBy(phase => phase.Key).Select(phase => KeyValuePair.Create(phase.Key.ToString(), (JsonNode?)Math.Round(phase.Value, 5)))),
                ["images_per_s"] = Math.Round(result.ImagesPerSecond, 3),
                ["peak_rss_bytes"] = peak,
                ["gemm_gflops"] = Math.Round(gemm, 1),
                ["step_gflops"] = Math.Round(rate, 1),
                ["shard"] = shard,
                ["threads"] = threads,
                ["lanes"] = lanes,
            }.ToJsonString());
            return ExitCode.Success;
        }
        foreach (var (phase, seconds) in result.PhaseSeconds.OrderBy(phase => phase.Key))
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{phase,-6} {seconds,8:0.0000} s"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.ImagesPerSecond:0.00} images/s with shards of {shard} ({lanes} in parallel, {Counted.Of(threads, "thread")} each)"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rate:0.0} GFLOP/s, against {gemm:0.0} for plain matrix products: {rate / gemm:0%} of what this machine can do"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{peak / 1e6:0} MB peak memory"));
        return ExitCode.Success;
    }

    /// <summary>A benchmark takes only what a run takes.</summary>
    private static void Require(params (string Key, int Value)[] values) =>
        SpecValidation.Require(values.Aggregate(new RunSpec(), (spec, value) => SpecAssignment.For(value.Key, value.Value.ToString(CultureInfo.InvariantCulture)).ApplyTo(spec)));
}
