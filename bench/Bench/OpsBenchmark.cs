using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Cli;
using Atelier.Core;
using Atelier.Core.Schedules;
using Atelier.Core.Specs;
using Atelier.Training.Augmentation;
using Atelier.Training.Benchmarks;
using Atelier.Training.Networks;
using Atelier.Training.Numerics;
using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Bench;

/// <summary><c>ops</c>: the rate of every op beside the machine's own.</summary>
internal static class OpsCommand
{
    public static Command Create()
    {
        var threads = new Option<int>("--threads") { Description = "threads inside an op", DefaultValueFactory = _ => 1 };
        var json = new Option<bool>("--json") { Description = "print one JSON object per op" };
        var command = new Command("ops", "Time every op against matrix products and copies") { threads, json };
        command.SetAction(parsed => Run(parsed.GetValue(threads), parsed.GetValue(json)));
        return command;
    }

    private static int Run(int threads, bool json)
    {
        if (threads < 1 || threads > Environment.ProcessorCount)
            throw new UserErrorException($"--threads {threads}: must be from 1 to this machine's {Environment.ProcessorCount}");
        NumericsEnvironment.Apply(threads);
        double gemm = GemmRate.Measure(lanes: 1), copy = CopyRate.Measure();
        if (!json)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"matrix products {gemm:0} GFLOP/s, copies {copy:0.0} GB/s, {threads} thread(s)"));
        foreach (var rate in OpsBenchmark.Run())
            Console.WriteLine(json ? Json(rate, gemm, copy) : Text(rate, rate.IsArithmetic ? gemm : copy));
        return ExitCode.Success;
    }

    private static string Text(OpRate rate, double floor)
    {
        string unit = rate.IsArithmetic ? "GFLOP/s" : "GB/s";
        string Part(string name, double seconds, double of) =>
            double.IsNaN(seconds) ? "" : string.Create(CultureInfo.InvariantCulture, $"  {name} {seconds * 1e3,7:0.00} ms {of,6:0.0} {unit} ({of / floor:0%})");
        return $"{rate.Op,-24}{Part("forward", rate.ForwardSeconds, rate.ForwardRate)}{Part("gradients", rate.BackwardSeconds, rate.BackwardRate)}";
    }

    private static string Json(OpRate rate, double gemm, double copy)
    {
        var line = new JsonObject
        {
            ["op"] = rate.Op,
            ["unit"] = rate.IsArithmetic ? "gflop_per_s" : "gb_per_s",
            ["machine"] = Math.Round(rate.IsArithmetic ? gemm : copy, 1),
            ["forward_s"] = Math.Round(rate.ForwardSeconds, 6),
            ["forward"] = Math.Round(rate.ForwardRate, 1),
        };
        if (!double.IsNaN(rate.BackwardSeconds))
        {
            line["gradients_s"] = Math.Round(rate.BackwardSeconds, 6);
            line["gradients"] = Math.Round(rate.BackwardRate, 1);
        }
        return line.ToJsonString();
    }
}

/// <summary>How fast an op is, in one direction.</summary>
/// <param name="Op">The op and its size.</param>
/// <param name="ForwardSeconds">The value.</param>
/// <param name="BackwardSeconds">All its gradients.</param>
/// <param name="Work">What one forward pass does: operations, of which a backward pass does twice as many; or bytes, of which it moves at least as many.</param>
/// <param name="IsArithmetic">Whether <paramref name="Work"/> counts floating-point operations; else bytes read and written.</param>
internal sealed record OpRate(string Op, double ForwardSeconds, double BackwardSeconds, double Work, bool IsArithmetic)
{
    /// <summary>GFLOP/s or GB/s of the value.</summary>
    public double ForwardRate => Work / ForwardSeconds / 1e9;

    /// <summary>GFLOP/s or GB/s of the gradients.</summary>
    public double BackwardRate => (IsArithmetic ? 2 : 1) * Work / BackwardSeconds / 1e9;
}

/// <summary>
/// Times the ops of a training step at the sizes of a network of 64×64 images with 128 channels, in float32. Operations are
/// those of a direct convolution, so that Winograd's algorithm, which needs fewer, shows as a higher rate; bytes are those
/// of the images that a pass has to read and write at least.
/// </summary>
internal static class OpsBenchmark
{
    private const int Images = 8;
    private const int Channels = 128;
    private const int Styles = 512;
    private const int Repeats = 10;

    private static ResamplingFilter Filter => ResamplingFilter.Binomial;

    private static ConvolutionLayer ToRgb => new(1, 1, 1, null, Activation.Linear);

    private static ConvolutionLayer Layer(int up, int down) => new(3, up, down, Filter, Activation.LeakyRelu);

    private static Tensor Modulated(int up, Tensor[] x) => Layer(up, 1).Apply(
        x[0], x[1], x[2], DemodulationOp.Apply(x[1], x[2]), x[3].detach(), x[4], x[5], Math.Sqrt(2));

    private static readonly Case[] Cases =
    [
        .. new[] { 64, 32, 16, 8, 4 }.Select(size => new Case(
            $"conv 3x3, {size}x{size}", [Image(size), [Channels, Channels, 3, 3], [Channels]], Convolution(size),
            x => Layer(1, 1).Apply(x[0], x[1] * 0.03, bias: x[2], gain: Math.Sqrt(2)), true)),
        .. new[] { 64, 32, 16, 8 }.Select(size => new Case(
            $"conv 3x3 down, {size}x{size}", [Image(size), [Channels, Channels, 3, 3], [Channels]], Convolution(size / 2),
            x => Layer(1, 2).Apply(x[0], x[1] * 0.03, bias: x[2], gain: Math.Sqrt(2)), true)),
        .. new[] { 64, 32, 16, 8, 4 }.Select(size => new Case(
            $"modulated 3x3, {size}x{size}", [Image(size), [Channels, Channels, 3, 3], [Images, Channels], [Images, 1, size, size], [], [Channels]], Convolution(size),
            x => Modulated(1, x), true)),
        .. new[] { 32, 16, 8, 4 }.Select(size => new Case(
            $"modulated 3x3 up, {size}x{size}", [Image(size), [Channels, Channels, 3, 3], [Images, Channels], [Images, 1, 2 * size, 2 * size], [], [Channels]], Convolution(size),
            x => Modulated(2, x), true)),
        new("to rgb, 64x64", [Image(64), [3, Channels, 1, 1], [Images, Channels], [3]], Bytes(Image(64)), x => ToRgb.Apply(x[0], x[1], x[2], bias: x[3]), false),
        new("fully connected, 512", [[Images, Styles], [Styles, Styles], [Styles]], 2.0 * Images * Styles * Styles,
            x => FullyConnected.Apply(x[0], x[1], 0.04, x[2], 1, Activation.LeakyRelu), true),
        new("upfirdn2d up, 32x32", [Image(32)], Bytes(Image(32)) + Bytes(Image(64)), x => Upfirdn2d.Upsample(x[0], Filter), false),
        new("upfirdn2d down, 64x64", [Image(64)], Bytes(Image(64)) + Bytes(Image(32)), x => Upfirdn2d.Downsample(x[0], Filter), false),
        new("augment bgc, 64x64", [[Images, 3, 64, 64]], 2 * Bytes([Images, 3, 64, 64]), x => Augmenter.Apply(x[0], AugmentationPipe.Bgc.Transforms(), 1, default, AugmentedImages.Real), false),
        new("minibatch_std, 4x4", [Image(4)], 2 * Bytes(Image(4)), x => MinibatchStd.Apply(x[0], 4), false),
    ];

    /// <summary>Times every op; then Adam and the average over <paramref name="parameters"/> numbers.</summary>
    public static IEnumerable<OpRate> Run(int parameters = 4 << 20)
    {
        foreach (var one in Cases)
            yield return Time(one);
        foreach (var rate in TimeOptimizer(parameters))
            yield return rate;
    }

    private static OpRate Time(Case one)
    {
        using var scope = NewDisposeScope();
        var leaves = one.Shapes.Select(shape => randn(shape, ScalarType.Float32).mul_(0.5).requires_grad_()).ToArray();
        double forward = double.PositiveInfinity, backward = double.PositiveInfinity;
        for (int repeat = 0; repeat <= Repeats; repeat++)
        {
            using var pass = NewDisposeScope();
            var (value, seconds) = Clock(() => one.Apply(leaves));
            var direction = ones_like(value);
            var (_, back) = Clock(() => DifferentiationScope.Gradients([value], leaves, [direction]));
            if (repeat > 0)
                (forward, backward) = (Math.Min(forward, seconds), Math.Min(backward, back));
        }
        return new OpRate(one.Name, forward, backward, one.Work, one.IsArithmetic);
    }

    private static IEnumerable<OpRate> TimeOptimizer(int count)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var values = zeros([count], ScalarType.Float32);
        var gradient = ones([count], ScalarType.Float32);
        var first = zeros([count], ScalarType.Float32);
        var second = zeros([count], ScalarType.Float32);
        double adam = double.PositiveInfinity, average = double.PositiveInfinity;
        for (int step = 1; step <= Repeats; step++)
        {
            adam = Math.Min(adam, Clock(() => FlatOptimizer.AdamStep(values, gradient, first, second, new AdamHyper(0.002, 0, 0.99, 1e-8), step, 1)).Seconds);
            average = Math.Min(average, Clock(() => { FlatOptimizer.Ema(first, values, 0.99); return 0; }).Seconds);
        }
        // Adam reads the gradient, and reads and writes values and moments; the average reads both and writes one.
        return [Once("adam", adam, 7), Once("ema", average, 3)];

        OpRate Once(string name, double seconds, int passes) => new($"{name}, {count >> 20} Mi", seconds, double.NaN, (double)passes * sizeof(float) * count, false);
    }

    private static (T Result, double Seconds) Clock<T>(Func<T> body)
    {
        long start = Stopwatch.GetTimestamp();
        var result = body();
        return (result, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private static long[] Image(int size) => [Images, Channels, size, size];

    private static double Bytes(long[] shape) => sizeof(float) * shape.Aggregate(1.0, (product, length) => product * length);

    private static double Convolution(int size) => 2.0 * 9 * Images * Channels * Channels * size * size;

    private sealed record Case(string Name, long[][] Shapes, double Work, Func<Tensor[], Tensor> Apply, bool IsArithmetic);
}

/// <summary>The machine's measured rate of copying memory: the floor of ops that do little arithmetic.</summary>
internal static class CopyRate
{
    private const int Count = 16 << 20;
    private const int Repeats = 7;

    /// <summary>Best of several copies of 64 MiB by all threads of this process.</summary>
    /// <returns>GB/s, read and written bytes both counted.</returns>
    public static double Measure()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var from = ones([Count], ScalarType.Float32);
        var to = zeros([Count], ScalarType.Float32);
        double best = 0;
        for (int repeat = 0; repeat < Repeats; repeat++)
        {
            long start = Stopwatch.GetTimestamp();
            to.copy_(from);
            best = Math.Max(best, 2.0 * sizeof(float) * Count / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
        }
        return best;
    }
}
