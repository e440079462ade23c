using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Cli;
using Atelier.Core;
using Atelier.Core.Specs;
using Atelier.Training.Analysis;
using Atelier.Training.Benchmarks;
using Atelier.Training.Exports;
using Atelier.Training.Networks;
using Atelier.Training.Numerics;
using Atelier.Training.Ops;
using Atelier.Training.Step;
using static TorchSharp.torch;
using Generator = Atelier.Training.Networks.Generator;

namespace Atelier.Bench;

/// <summary><c>analysis</c>: what looking into networks costs training, and what projecting images together gains.</summary>
internal static class AnalysisCommand
{
    private const int Images = 4;
    private const int PassesAtOnce = 8;
    private const double ClockTick = .01; // what the system counts processor time in

    public static Command Create()
    {
        var resolution = new Option<int>("--res") { Description = "size of the images", DefaultValueFactory = _ => 64 };
        var channelBase = new Option<int>("--channel-base") { Description = "channels of a layer are min(base / its resolution, max)", DefaultValueFactory = _ => 8192 };
        var channelMax = new Option<int>("--channel-max") { Description = "maximum number of channels of a layer", DefaultValueFactory = _ => 128 };
        var pairs = new Option<int>("--pairs") { Description = "alternating pairs of each measurement", DefaultValueFactory = _ => 9 };
        var steps = new Option<int>("--steps") { Description = "steps of a projection", DefaultValueFactory = _ => 20 };
        var tick = new Option<double>("--tick-kimg") { Description = "kimg between two records of resolution usage", DefaultValueFactory = _ => 4 };
        var threads = new Option<int>("--threads") { Description = "threads to compute with", DefaultValueFactory = _ => Environment.ProcessorCount };
        var json = new Option<bool>("--json") { Description = "print a JSON object" };
        var command = new Command("analysis", "Time hooks, resolution usage and projection") { resolution, channelBase, channelMax, pairs, steps, tick, threads, json };
        command.SetAction(parsed => Run(
            new Request(parsed.GetValue(resolution), parsed.GetValue(channelBase), parsed.GetValue(channelMax), parsed.GetValue(pairs), parsed.GetValue(steps), parsed.GetValue(tick), parsed.GetValue(threads)), parsed.GetValue(json)));
        return command;
    }

    private static int Run(Request request, bool json)
    {
        if (request.Threads < 1 || request.Threads > Environment.ProcessorCount)
            throw new UserErrorException($"--threads {request.Threads}: must be from 1 to this machine's {Environment.ProcessorCount}");
        if (request.Pairs < 1 || request.Steps < 1 || request.TickKimg <= 0)
            throw new UserErrorException("--pairs and --steps must be 1 or more, and --tick-kimg above 0");
        NumericsEnvironment.Apply(request.Threads);
        var options = new StepBenchmarkOptions(new ImageShape(request.Resolution, request.Resolution), request.ChannelBase, request.ChannelMax, Batch: 8, Shard: 4, Lanes: 1, Iterations: 3, CPU);
        double imagesPerSecond = StepBenchmark.Run(options).ImagesPerSecond;
        using var state = new TrajectoryState(options.Model, ScalarType.Float32, CPU);
        InitialState.Fill(state, seed: 0);
        using var loaded = NetworkFile.Use(state, CPU);
        var hooks = Hooks(loaded.Network, request.Pairs);
        double usage = Median([.. Enumerable.Range(0, request.Pairs + 1).Select(_ => Seconds(() => ResolutionUsage.Measure(state))).Skip(1)]);
        var projection = Projection(loaded, request);
        double share = usage / (request.TickKimg * 1000 / imagesPerSecond);
        if (json)
        {
            Console.WriteLine(new JsonObject
            {
                ["hook_of_every_layer_to_none"] = hooks.Ratio, ["spread_low"] = hooks.Low, ["spread_high"] = hooks.High,
                ["usage_s"] = usage, ["usage_share_of_tick"] = share, ["images_per_s"] = imagesPerSecond,
                ["projection_one_by_one_to_batched"] = projection.Ratio, ["projection_low"] = projection.Low, ["projection_high"] = projection.High,
            }.ToJsonString());
            return ExitCode.Success;
        }
        Print($"pass of the generator and back, a hook at every layer to none: {hooks.Ratio:0.000} ({hooks.Low:0.000} to {hooks.High:0.000} over {request.Pairs} pairs)");
        Print($"resolution usage: {usage * 1e3:0.0} ms per tick of {request.TickKimg:0.###} kimg, which trains {request.TickKimg * 1000 / imagesPerSecond:0} s: {share:0.0000%}");
        Print($"projection of {Images} images, one by one to batched: {projection.Ratio:0.00} ({projection.Low:0.00} to {projection.High:0.00} over {request.Pairs} pairs)");
        return ExitCode.Success;
    }

    /// <summary>A hook that changes nothing costs at least what having none costs: the question whether there is one.</summary>
    private static Ratios Hooks(Generator generator, int pairs)
    {
        void Pass(IFeatureHook? hook)
        {
            using var scope = NewDisposeScope();
            var styles = randn([Images, generator.Config.StyleCount, generator.Config.StyleSize]).requires_grad_();
            generator.Hook = hook;
            var image = generator.Synthesize(styles, NoiseInput.Constant);
            DifferentiationScope.Gradients([image], [styles], [ones_like(image)]);
        }
        var looking = new LookingHook();
        void Passes(IFeatureHook? hook)
        {
            for (int pass = 0; pass < PassesAtOnce; pass++)
                Pass(hook);
        }
        // Processor time, which other processes do not change much: the difference is small.
        return Pairs(pairs, () => Passes(looking), () => Passes(null), ProcessorSeconds);
    }

    private static Ratios Projection(LoadedGenerator loaded, Request request)
    {
        loaded.Network.Hook = null;
        using var net = new RandomPerceptualNet(CPU);
        using var scope = NewDisposeScope();
        var targets = randint(0, 256, [Images, 3, request.Resolution, request.Resolution], ScalarType.Byte);
        var statistics = StyleStatistics.Measure(loaded.Network, null, 1000);
        var options = new ProjectionOptions { Steps = request.Steps };
        void Project(Tensor some)
        {
            using var projector = new Projector(loaded.Network, net, some, [.. Enumerable.Repeat(statistics, (int)some.shape[0])], options);
            while (!projector.IsDone)
                projector.Advance();
        }
        return Pairs(
            request.Pairs,
            () =>
            {
                for (int i = 0; i < Images; i++)
                    Project(targets.narrow(0, i, 1));
            },
            () => Project(targets),
            Seconds);
    }

    /// <summary>Ratios of times of neighbouring runs, after one pair that warms up.</summary>
    private static Ratios Pairs(int count, Action first, Action second, Func<Action, double> measure)
    {
        var ratios = new List<double>();
        for (int pair = 0; pair <= count; pair++)
        {
            // Each of both goes first half of the time.
            double one = pair % 2 == 0 ? measure(first) : 0, other = measure(second);
            ratios.Add((pair % 2 == 0 ? one : measure(first)) / other);
        }
        ratios.RemoveAt(0);
        ratios.Sort();
        return new Ratios(Median(ratios), ratios[0], ratios[^1]);
    }

    private static double ProcessorSeconds(Action action)
    {
        using var process = Process.GetCurrentProcess();
        var before = process.TotalProcessorTime;
        action();
        process.Refresh();
        return Math.Max((process.TotalProcessorTime - before).TotalSeconds, ClockTick);
    }

    private static double Seconds(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return (values[(values.Count - 1) / 2] + values[values.Count / 2]) / 2;
    }

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private sealed record Request(int Resolution, int ChannelBase, int ChannelMax, int Pairs, int Steps, double TickKimg, int Threads);

    private sealed record Ratios(double Ratio, double Low, double High);

    private sealed class LookingHook : IFeatureHook
    {
        public Tensor Visit(SynthesisLayerName layer, Tensor features) => features;
    }
}
