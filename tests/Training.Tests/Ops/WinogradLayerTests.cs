using Atelier.Kernels;
using Atelier.Training.Interop;
using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Ops;

/// <summary>
/// Layers with as many channels and pixels as the Winograd kernels take, in float32, against their plain version in float64,
/// which no kernel takes: value, gradients, and gradients of gradients.
/// </summary>
public class WinogradLayerTests
{
    private const double ValueTolerance = 1e-5;
    private const double DerivativeTolerance = 1e-4;

    [Theory]
    [InlineData(1, 16, 32, 48)]
    [InlineData(1, 8, 48, 32)]
    [InlineData(2, 8, 32, 48)]
    [InlineData(2, 16, 64, 32)]
    public void SynthesisLayer_Float32_AsItsPlainVersion(int up, int size, int inputs, int outputs)
    {
        // Upwards the layer is the adjoint of a stride of 2, over an image of a pixel more.
        Assert.True(Winograd.Convolves(up == 1
            ? new ConvolutionShape(4, inputs, outputs, size, size, 3, 1, 1)
            : new ConvolutionShape(4, outputs, inputs, (2 * size) + 1, (2 * size) + 1, 3, 2, 0)));
        var layer = new ConvolutionLayer(3, up, 1, ResamplingFilter.Binomial, Activation.LeakyRelu);
        AssertSame(
            [[4, inputs, size, size], [outputs, inputs, 3, 3], [4, inputs], [], [outputs], [4, 1, size * up, size * up]],
            x => layer.Apply(x[0], x[1], x[2], DemodulationOp.Apply(x[1], x[2]), x[5].detach(), x[3], x[4], Math.Sqrt(2)));
    }

    [Theory]
    [InlineData(1, 16, 32, 32)]
    [InlineData(1, 4, 32, 48)]
    [InlineData(2, 16, 32, 48)]
    [InlineData(2, 32, 48, 32)]
    public void ConvLayer_Float32_AsItsPlainVersion(int down, int size, int inputs, int outputs)
    {
        Assert.True(Winograd.Convolves(down == 1
            ? new ConvolutionShape(8, inputs, outputs, size, size, 3, 1, 1)
            : new ConvolutionShape(8, inputs, outputs, size + 1, size + 1, 3, 2, 0)));
        var layer = new ConvolutionLayer(3, 1, down, ResamplingFilter.Binomial, Activation.LeakyRelu);
        AssertSame([[8, inputs, size, size], [outputs, inputs, 3, 3], [outputs]], x => layer.Apply(x[0], x[1].Times(0.1), bias: x[2], gain: Math.Sqrt(2)));
    }

    private static void AssertSame(long[][] shapes, Func<Tensor[], Tensor> apply)
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        var inputs = shapes.Select(shape => randn(shape, ScalarType.Float32)).ToArray();
        List<(string Name, Tensor Value)> actual = Compute(inputs, apply, ScalarType.Float32), expected = Compute(inputs, apply, ScalarType.Float64);
        foreach (var ((name, value), (_, exact)) in actual.Zip(expected))
        {
            double error = (value.to(ScalarType.Float64) - exact).abs().max().item<double>() / Math.Max(exact.abs().max().item<double>(), 1e-6);
            Assert.True(error <= (name == "value" ? ValueTolerance : DerivativeTolerance), $"{name}: the error is {error:G3}");
        }
    }

    private static List<(string Name, Tensor Value)> Compute(Tensor[] inputs, Func<Tensor[], Tensor> apply, ScalarType precision)
    {
        var leaves = inputs.Select(input => input.to(precision).detach().clone().requires_grad_()).ToArray();
        var value = apply(leaves);
        var direction = linspace(-1, 1, value.numel(), ScalarType.Float64).mul(50).sin().view(value.shape).to(precision);
        var first = DifferentiationScope.Gradients([value], leaves, [direction], createGraph: true);
        var squares = first.Where(gradient => gradient is not null).Select(gradient => gradient!.Squared().sum()).Aggregate((a, b) => a.Plus(b));
        var second = DifferentiationScope.Gradients([squares], leaves);
        return
        [
            ("value", value.detach()),
            .. first.Select((gradient, i) => ($"gradient of input {i}", (gradient ?? zeros_like(leaves[i])).detach())),
            .. second.Select((gradient, i) => ($"second gradient of input {i}", (gradient ?? zeros_like(leaves[i])).detach())),
        ];
    }
}
