using Atelier.Training.Numerics;
using Atelier.Training.Ops;
using Atelier.Training.Oracles;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Ops;

/// <summary>Tests that turn the kernels off for the whole process: nothing else may run beside them.</summary>
[CollectionDefinition(nameof(PlainOpsTests), DisableParallelization = true)]
public sealed class PlainOpsAlone;

/// <summary>Ops composed of libtorch's functions, as on a device without kernels.</summary>
[Collection(nameof(PlainOpsTests))]
public sealed class PlainOpsTests : IDisposable
{
    private readonly bool _before = OpKernels.Plain;

    [Theory]
    [InlineData("ops.safetensors")]
    [InlineData("loss.skip-resnet-16.safetensors")]
    [InlineData("trajectory.sharded-cond.safetensors")]
    public void Oracle_PlainFloat32_EveryCaseWithinTolerance(string file)
    {
        OpKernels.Plain = true;

        var results = Oracle.Run(Path.Combine(AppContext.BaseDirectory, "Oracles", file), ScalarType.Float32, CPU).ToList();

        Assert.NotEmpty(results);
        Assert.All(results, result => Assert.True(result.Passed, $"{result.Case}: {result.Error:0.0e+00} at {result.Tensor}, tolerance {result.Tolerance:0.0e+00}"));
    }

    [Fact]
    public void SelfCheck_EveryOp_PassesAndIsNotComparedWithItself()
    {
        OpKernels.Plain = false;
        var results = OpSelfCheck.Run(CPU).ToList();

        Assert.All(results, result => Assert.True(result.Passed, $"{result}"));
        // Kernels sum in another order than libtorch.
        Assert.Contains(results, result => result.Value > 0 && result.Gradient > 0 && result.SecondGradient > 0);
    }

    [Fact]
    public void Measure_PlainOps_AreADeviceOfTheirOwn()
    {
        OpKernels.Plain = false;
        var kernels = NumericsProbe.Measure(ComputeDevice.Cpu);
        OpKernels.Plain = true;
        var plain = NumericsProbe.Measure(ComputeDevice.Cpu);

        Assert.Contains("--kernels plain", OpKernels.WhyPlain(ComputeDevice.Cpu), StringComparison.Ordinal);
        Assert.Contains("device", Assert.Single(kernels.DifferencesTo(plain)), StringComparison.Ordinal);
    }

    public void Dispose() => OpKernels.Plain = _before;
}
