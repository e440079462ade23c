using System.Runtime.CompilerServices;
using Atelier.Core.Schedules;
using Atelier.Kernels.Cuda;
using Atelier.Training.Interop;
using Atelier.Training.Ops;
using Atelier.Training.Oracles;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Gpu;

/// <summary>Ops by the GPU's kernels, whose sources run on the processor here, against their plain versions.</summary>
[Collection(nameof(Ops.PlainOpsTests))]
public sealed unsafe class EmulatedOpsTests
{
    // Some tests begin with TorchSharp alone.
    public EmulatedOpsTests() => TorchLibrary.Load();

    public static TheoryData<string> Precisions => ["Float32", "Float16", "BFloat16"];

    [Fact]
    public void SelfCheck_EveryOp_PassesAndRunsKernels()
    {
        using var gpu = EmulatedGpu.Begin();
        int before = EmulatedGpu.Launches.Values.Sum();

        var results = OpSelfCheck.Run(CPU).ToList();

        Assert.All(results, result => Assert.True(result.Passed, $"{result}"));
        Assert.True(EmulatedGpu.Launches.Values.Sum() > before + (10 * results.Count), "the kernels were not launched");
    }

    [Theory]
    [InlineData("ops.safetensors")]
    [InlineData("loss.skip-resnet-16.safetensors")]
    [InlineData("trajectory.sharded-cond.safetensors")]
    public void Oracle_Float32_EveryCaseWithinTolerance(string file)
    {
        using var gpu = EmulatedGpu.Begin();

        var results = Oracle.Run(Path.Combine(AppContext.BaseDirectory, "Oracles", file), ScalarType.Float32, CPU).ToList();

        Assert.NotEmpty(results);
        Assert.All(results, result => Assert.True(result.Passed, $"{result.Case}: {result.Error:0.0e+00} at {result.Tensor}, tolerance {result.Tolerance:0.0e+00}"));
    }

    /// <summary>Odd and even sizes, several blocks to a row, both orders of memory: value, gradients and second gradients.</summary>
    [Theory]
    [InlineData("Float32", 3, 5, 7, 3, false)]
    [InlineData("Float32", 2, 12, 80, 64, false)]
    [InlineData("Float32", 2, 12, 9, 40, true)]
    [InlineData("Float32", 2, 5, 3, 3, true)]
    [InlineData("Float16", 2, 16, 8, 8, false)]
    [InlineData("Float16", 2, 136, 5, 5, true)]
    [InlineData("BFloat16", 2, 16, 8, 8, false)]
    [InlineData("BFloat16", 2, 24, 20, 20, true)]
    public void Epilogue_AnyShape_AgreesWithItsDefinition(string precision, int n, int c, int h, int w, bool channelsLast)
    {
        using var gpu = EmulatedGpu.Begin();
        using var scope = NewDisposeScope();
        var type = Enum.Parse<ScalarType>(precision);
        Tensor[] operands = [Draw([n, c, h, w], 1), Draw([n, c], 2).abs().Plus(0.5), Draw([], 3), Draw([c], 4)];
        Tensor noise = Draw([n, 1, h, w], 5), direction = Draw([n, c, h, w], 6);
        // Values and slopes of 16 bits are those of the rounded result: the plain version starts from the rounded operands too.
        operands[0] = operands[0].to(type).to(ScalarType.Float32);

        Tensor Fast(Tensor[] x)
        {
            var u = x[0].to(type);
            if (channelsLast)
                u = u.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
            var settings = new GpuEpilogueSettings(OpKernels.Emulated!, 0.7f, 1.4f, 0.28f, 1.1f);
            var y = GpuEpilogueOp.Apply(settings, u, x[1], noise, x[2], x[3]);
            Assert.Equal(type, y.dtype);
            return y.to(ScalarType.Float32);
        }

        Tensor Plain(Tensor[] x)
        {
            var z = (x[0] * PublishedOps.PerChannel(x[1])).Times(0.7).Plus(noise * x[2]);
            return PublishedOps.BiasAct(z, x[3], 1, Activation.LeakyRelu, gain: 1.4, clamp: 1.1);
        }

        bool scalars = type == ScalarType.Float32;
        var (expected, actual) = (Derivatives(operands, direction, Plain, scalars), Derivatives(operands, direction, Fast, scalars));
        if (type == ScalarType.Float32)
            AssertClose(expected, actual, 1e-5);
        else
            AssertNear(expected, actual, type == ScalarType.Float16 ? 0.08 : 0.25);
    }

    [Theory]
    [InlineData(1, 1, false)]
    [InlineData(2, 1, false)]
    [InlineData(1, 2, false)]
    [InlineData(1, 2, true)]
    [InlineData(2, 1, true)]
    [InlineData(3, 2, false)]
    [InlineData(3, 2, true)]
    public void Upfirdn2d_AnyFactors_AgreesWithItsDefinition(int up, int down, bool channelsLast)
    {
        using var gpu = EmulatedGpu.Begin();
        using var scope = NewDisposeScope();
        Tensor[] operands = [Draw([2, 8, 13, 21], 1)];
        var filter = Upfirdn2d.SetupFilter([1, 3, 3, 1]);
        var padding = new Padding2d(2, 1, -1, 3);

        Tensor Fast(Tensor[] x) => Upfirdn2d.Apply(channelsLast ? GpuImages.Dense(x[0], true) : x[0], filter, (up, up), (down, down), padding, gain: 2);
        Tensor Plain(Tensor[] x) => Upfirdn2d.Plain(x[0], filter, (up, up), (down, down), padding, flipFilter: false, gain: 2).Times(1);

        var direction = Draw(Plain(operands).shape, 2);
        AssertClose(Derivatives(operands, direction, Plain), Derivatives(operands, direction, Fast), 1e-5);
    }

    [Theory]
    [MemberData(nameof(Precisions))]
    public void Upfirdn2d_OfAnyPrecision_RoundsTheResultOnce(string precision)
    {
        using var gpu = EmulatedGpu.Begin();
        using var scope = NewDisposeScope();
        var type = Enum.Parse<ScalarType>(precision);
        var x = Draw([2, 16, 12, 12], 1).to(type);

        foreach (bool channelsLast in (bool[])[false, true])
        {
            var y = Upfirdn2d.Upsample(GpuImages.Dense(x, channelsLast), ResamplingFilter.Binomial);

            // float64 is always plain.
            var expected = Upfirdn2d.Upsample(x.to(ScalarType.Float64), ResamplingFilter.Binomial);
            Assert.Equal(type, y.dtype);
            Assert.Equal(channelsLast, GpuImages.IsChannelsLast(y));
            double ulp = type == ScalarType.Float32 ? 3e-7 : type == ScalarType.Float16 ? 5e-4 : 4e-3;
            Assert.True((y.to(ScalarType.Float64) - expected).abs().max().item<double>() <= ulp * expected.abs().max().item<double>());
        }
    }

    [Theory]
    [InlineData(0UL, 1000, true)]
    [InlineData(7UL, 1001, true)]
    [InlineData(1UL, 1, true)]
    [InlineData(12345UL, 4099, false)]
    public void Draws_OfAnyPart_HaveTheBitsOfTheProcessors(ulong first, int count, bool normal)
    {
        using var scope = NewDisposeScope();
        Tensor expected = zeros(count), actual = zeros(count);
        void Draw(Tensor to)
        {
            if (normal)
                PhiloxFill.Normal(to, 0x123456789abcdef, 42, first);
            else
                PhiloxFill.Uniform(to, 0x123456789abcdef, 42, first);
        }
        Draw(expected);

        using (EmulatedGpu.Begin())
            Draw(actual);

        Assert.Equal(expected.data<float>().ToArray(), actual.data<float>().ToArray());
    }

    [Fact]
    public void Optimizer_WithNumbersThatAreNotFinite_HasTheBitsOfTheProcessors()
    {
        using var scope = NewDisposeScope();
        const int Count = 10_001;
        var gradient = Draw([Count], 2);
        gradient[17] = float.NaN;
        gradient[4000] = float.PositiveInfinity;
        gradient[10_000] = float.NegativeInfinity;
        var adam = new AdamHyper(0.002, 0, 0.99, 1e-8);

        (float[][] Values, double[] Found) Step()
        {
            Tensor parameters = Draw([Count], 1), mean = Draw([Count], 3), square = Draw([Count], 4).abs(), average = Draw([Count], 5);
            var found = FlatOptimizer.AdamStep(parameters, gradient, mean, square, adam, 3, 0.25);
            FlatOptimizer.Ema(average, parameters, 0.99);
            FlatOptimizer.Ema(average, mean, 0.25);
            return ([.. ((Tensor[])[parameters, mean, square, average]).Select(tensor => tensor.data<float>().ToArray())], found.data<double>().ToArray());
        }

        var expected = Step();
        using (EmulatedGpu.Begin())
        {
            var actual = Step();
            Assert.Equal(expected.Values, actual.Values);
            Assert.Equal([1, 2], actual.Found);
        }
        Assert.Equal([1, 2], expected.Found);
    }

    [Fact]
    public void Arguments_OfEveryKernel_HaveTheSizeOfTheirTwins()
    {
        using var gpu = EmulatedGpu.Begin();

        Assert.Equal((uint)sizeof(EpilogueArguments), EmulatedGpu.ArgumentBytes("epilogue_forward_f32"));
        Assert.Equal((uint)sizeof(FirArguments), EmulatedGpu.ArgumentBytes("fir_any_f32"));
        Assert.Equal((uint)sizeof(DemodulationArguments), EmulatedGpu.ArgumentBytes("demodulation_finish"));
        Assert.Equal((uint)sizeof(AdamArguments), EmulatedGpu.ArgumentBytes("optimizer_adam"));
        Assert.Equal((uint)sizeof(AverageArguments), EmulatedGpu.ArgumentBytes("optimizer_average"));
        Assert.Equal((uint)sizeof(PhiloxArguments), EmulatedGpu.ArgumentBytes("philox_fill"));
        Assert.Equal((uint)sizeof(ReflectArguments), EmulatedGpu.ArgumentBytes("augmentation_pad_f32"));
        Assert.Equal((uint)sizeof(SampleArguments), EmulatedGpu.ArgumentBytes("augmentation_read_f32"));
    }

    /// <summary>The value, the gradients along a direction, and the gradients of the sum of their squares.</summary>
    /// <param name="scalars">Whether the squares of single numbers count, in whose sums much cancels.</param>
    private static Tensor[] Derivatives(Tensor[] operands, Tensor direction, Func<Tensor[], Tensor> apply, bool scalars = true)
    {
        var leaves = operands.Select(operand => operand.detach().clone().requires_grad_()).ToArray();
        var along = direction.detach().clone().requires_grad_();
        var value = apply(leaves);
        var gradients = DifferentiationScope.Gradients([value], leaves, [along], createGraph: true).OfType<Tensor>().ToArray();
        Assert.Equal(leaves.Length, gradients.Length);
        var squares = gradients.Where(gradient => scalars || gradient.numel() > 1).Select(gradient => gradient.Squared().mean()).Aggregate((a, b) => a.Plus(b));
        Tensor[] variables = [.. leaves, along];
        var second = DifferentiationScope.Gradients([squares], variables).Select((gradient, i) => gradient ?? zeros_like(variables[i]));
        return [.. new[] { value }.Concat(gradients).Concat(second).Select(tensor => tensor.detach())];
    }

    private static void AssertClose(Tensor[] expected, Tensor[] actual, double tolerance, [CallerArgumentExpression(nameof(actual))] string? what = null)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i].shape, actual[i].shape);
            double error = (expected[i] - actual[i]).abs().max().item<float>() / Math.Max(expected[i].abs().max().item<float>(), 1e-6);
            Assert.True(error <= tolerance, $"{what}, tensor {i} {string.Join('x', expected[i].shape)}: {error:0.0e+00}");
        }
    }

    /// <summary>By length, not by element: where rounding carries a number over 0 or the clamp, its slope is another. Single numbers, in whose sums much cancels, are left out.</summary>
    private static void AssertNear(Tensor[] expected, Tensor[] actual, double tolerance)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            if (expected[i].numel() == 1)
                continue;
            double error = (expected[i] - actual[i]).norm().item<float>() / Math.Max(expected[i].norm().item<float>(), 1e-6);
            Assert.True(error <= tolerance, $"tensor {i} {string.Join('x', expected[i].shape)}: {error:0.0e+00}");
        }
    }

    private static Tensor Draw(long[] shape, ulong stream)
    {
        var before = OpKernels.Emulated;
        OpKernels.Emulated = null;
        var values = empty(shape, ScalarType.Float32);
        PhiloxFill.Normal(values, key: 1, counterHigh: stream);
        OpKernels.Emulated = before;
        return values;
    }
}
