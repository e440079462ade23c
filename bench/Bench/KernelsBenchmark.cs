using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Atelier.Cli;
using Atelier.Core;
using Atelier.Kernels;

namespace Atelier.Bench;

/// <summary><c>kernels</c>: the rate of each kernel on plain memory, without TorchSharp.</summary>
internal static class KernelsCommand
{
    public static Command Create()
    {
        var threads = new Option<int>("--threads") { Description = "threads inside a kernel", DefaultValueFactory = _ => 1 };
        var repeats = new Option<int>("--repetitions") { Description = "timed calls of each kernel; the fastest counts", DefaultValueFactory = _ => 20 };
        var json = new Option<bool>("--json") { Description = "print one JSON object per kernel" };
        var command = new Command("kernels", "Time the kernels, without TorchSharp") { threads, repeats, json };
        command.SetAction(parsed => Run(parsed.GetValue(threads), parsed.GetValue(repeats), parsed.GetValue(json)));
        return command;
    }

    private static int Run(int threads, int repeats, bool json)
    {
        if (threads < 1 || threads > Environment.ProcessorCount)
            throw new UserErrorException($"--threads {threads}: must be from 1 to this machine's {Environment.ProcessorCount}");
        if (repeats is < 1 or > 10_000)
            throw new UserErrorException($"--repetitions {repeats}: must be from 1 to 10000");
        ThreadTeam.DefaultThreads = threads;
        using var benchmark = new KernelsBenchmark(repeats);
        double copy = benchmark.Copy().Rate;
        if (!json)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{VectorInstructions.Name}, {threads} thread(s), copies {copy:0.0} GB/s"));
        foreach (var rate in benchmark.Run())
        {
            Console.WriteLine(json
                ? new JsonObject
                {
                    ["kernel"] = rate.Kernel,
                    ["unit"] = rate.IsArithmetic ? "gflop_per_s" : "gb_per_s",
                    ["seconds"] = Math.Round(rate.Seconds, 7),
                    ["rate"] = Math.Round(rate.Rate, 2),
                    ["copy_gb_per_s"] = Math.Round(copy, 2),
                }.ToJsonString()
                : string.Create(CultureInfo.InvariantCulture, $"{rate.Kernel,-38} {rate.Seconds * 1e3,8:0.000} ms {rate.Rate,7:0.0} {(rate.IsArithmetic ? "GFLOP/s" : $"GB/s ({rate.Rate / copy:0%} of a copy)")}"));
        }
        return ExitCode.Success;
    }
}

/// <summary>How fast a kernel is.</summary>
/// <param name="Kernel">The kernel and its size.</param>
/// <param name="Seconds">The fastest call.</param>
/// <param name="Work">Floating-point operations of a direct convolution, or bytes that have to be read and written at least.</param>
/// <param name="IsArithmetic">Whether <paramref name="Work"/> counts operations.</param>
internal sealed record KernelRate(string Kernel, double Seconds, double Work, bool IsArithmetic)
{
    /// <summary>GFLOP/s or GB/s.</summary>
    public double Rate => Work / Seconds / 1e9;
}

/// <summary>Calls kernels at the sizes of a network of 64×64 images with 128 channels, 8 images at once.</summary>
internal sealed unsafe class KernelsBenchmark : IDisposable
{
    private const int Images = 8;
    private const int Channels = 128;
    private const int Rows = Images * Channels;
    private const int Parameters = 4 << 20;

    // The largest operand: images of 65×65, which a convolution of stride 2 reads.
    private const int Elements = Rows * 65 * 65;

    // The last one takes results.
    private readonly float*[] _buffers = new float*[4];
    private readonly int _repeats;

    public KernelsBenchmark(int repeats)
    {
        _repeats = repeats;
        for (int buffer = 0; buffer < _buffers.Length; buffer++)
        {
            _buffers[buffer] = (float*)NativeMemory.AlignedAlloc(Elements * sizeof(float), 64);
            for (int i = 0; i < Elements; i++)
                _buffers[buffer][i] = ((i * 37 % 64) - 31) / 64f;
        }
    }

    /// <summary>What memory allows: 16 MiB copied by the threads of a kernel.</summary>
    public KernelRate Copy() => Bytes("copy", 2L * Parameters, () => ThreadTeam.Current.For(Parameters, 1 << 16, (begin, end) =>
        Buffer.MemoryCopy(_buffers[0] + begin, _buffers[3] + begin, (end - begin) * (long)sizeof(float), (end - begin) * (long)sizeof(float))));

    /// <summary>Times every kernel.</summary>
    public IEnumerable<KernelRate> Run()
    {
        var rates = new List<KernelRate>();
        foreach (int size in (ReadOnlySpan<int>)[64, 32, 16, 8, 4])
            rates.AddRange(Convolve(new ConvolutionShape(Images, Channels, Channels, size, size, Kernel: 3, Stride: 1, Padding: 1)));
        foreach (int size in (ReadOnlySpan<int>)[64, 16])
            rates.AddRange(Convolve(new ConvolutionShape(Images, Channels, Channels, size + 1, size + 1, Kernel: 3, Stride: 2, Padding: 0)));
        rates.AddRange(Convolve(new ConvolutionShape(Images, Channels, 3, 64, 64, Kernel: 1, Stride: 1, Padding: 0)));
        double[] binomial = [1 / 8.0, 3 / 8.0, 3 / 8.0, 1 / 8.0];
        rates.Add(Filter("FIR up", FirFilter.Separable(binomial, Resampling.Up(2), new Padding(2, 1, 2, 1), gain: 4), 32));
        rates.Add(Filter("FIR down", FirFilter.Separable(binomial, Resampling.Down(2), new Padding(1, 1, 1, 1)), 64));
        rates.Add(Filter("FIR blur", FirFilter.Separable(binomial, Resampling.None, new Padding(2, 1, 2, 1)), 64));
        var epilogue = new Epilogue { Channels = Channels, Pixels = 64 * 64, Bias = _buffers[2], Positive = 1.4142135f, Negative = 0.28284271f };
        rates.Add(Bytes("rows, epilogue 64x64", 2L * Parameters, () => RowPasses.Forward(epilogue, Rows, _buffers[0], _buffers[3])));
        rates.Add(Bytes("rows, epilogue's gradient 64x64", 3L * Parameters, () => RowPasses.Backward(epilogue, Rows, _buffers[0], _buffers[1], _buffers[3], default)));
        rates.Add(Bytes("moving average, 4 Mi", 3L * Parameters, () => ExponentialMovingAverage.Update(Parameters, _buffers[3], _buffers[0], 0.99)));
        new Span<float>(_buffers[3], Parameters).Clear(); // second moments are not negative
        rates.Add(Bytes("Adam, 4 Mi", 7L * Parameters, () => AdamUpdate.Step(Parameters, _buffers[0], _buffers[1], _buffers[2], _buffers[3], 1e-9, 0, 0.99, 1e-8, 1, 1, out _, out _)));
        return rates;
    }

    public void Dispose()
    {
        foreach (var buffer in _buffers)
            NativeMemory.AlignedFree(buffer);
    }

    private KernelRate[] Convolve(ConvolutionShape shape)
    {
        double operations = 2.0 * Images * shape.Inputs * shape.Outputs * shape.Kernel * shape.Kernel * shape.OutputHeight * shape.OutputWidth;
        string name = $"conv {shape.Kernel}x{shape.Kernel}{(shape.Stride > 1 ? $" stride {shape.Stride}" : "")}, {shape.OutputHeight}x{shape.OutputWidth}, ";
        float* x = _buffers[0], y = _buffers[1], w = _buffers[2], result = _buffers[3];
        return
        [
            new($"{name}value", Fastest(() => Convolution.Forward(shape, x, null, w, WeightOrder.OutputsFirst, false, result, null)), operations, true),
            new($"{name}input", Fastest(() => Convolution.InputGradient(shape, y, null, w, WeightOrder.OutputsFirst, false, result, null)), operations, true),
            new($"{name}weight", Fastest(() => Convolution.WeightGradient(shape, x, null, y, null, WeightOrder.OutputsFirst, false, result)), operations, true),
        ];
    }

    private KernelRate Filter(string name, FirFilter filter, int size)
    {
        int output = filter.OutputHeight(size);
        return Bytes($"{name}, {size}x{size} to {output}x{output}", Rows * (((long)size * size) + ((long)output * output)), () => filter.Run(Rows, size, size, _buffers[0], _buffers[3], null));
    }

    private KernelRate Bytes(string name, long numbers, Action call) => new(name, Fastest(call), sizeof(float) * (double)numbers, false);

    private double Fastest(Action call)
    {
        // Once without the clock: the first call compiles.
        call();
        double best = double.PositiveInfinity;
        for (int i = 0; i < _repeats; i++)
        {
            long start = Stopwatch.GetTimestamp();
            call();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return best;
    }
}
