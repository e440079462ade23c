using Atelier.Training.Interop;
using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Ops;

/// <summary>The fused layers against the ops they are made of, with gradients and gradients of gradients.</summary>
public class LayerOpsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void SynthesisLayer_AgainstItsParts_SameValueAndDerivatives(int up)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var filter = Upfirdn2d.SetupFilter([1, 3, 3, 1]);
        var noise = randn([1, 1, 6 * up, 6 * up], float64);
        Tensor[] inputs = [Leaf(2, 4, 6, 6), Leaf(5, 4, 3, 3), Leaf(2, 4), Leaf(5), Leaf()];
        var fused = new ConvolutionLayer(3, up, 1, ResamplingFilter.Binomial, Activation.LeakyRelu).Apply(
            inputs[0], inputs[1], inputs[2], DemodulationOp.Apply(inputs[1], inputs[2]), noise, inputs[4], inputs[3], 1.2, 3);
        var modulated = PublishedOps.ModulatedConv2d(inputs[0], inputs[1], inputs[2], noise * inputs[4], up, 1, filter, flipWeight: up == 1);
        var parts = PublishedOps.BiasAct(modulated, inputs[3], activation: Activation.LeakyRelu, gain: 1.2, clamp: 3);
        AssertSame(fused, parts, inputs);
    }

    [Fact]
    public void ConvLayer_AgainstItsParts_SameValueAndDerivatives()
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        var filter = Upfirdn2d.SetupFilter([1, 3, 3, 1]);
        Tensor[] inputs = [Leaf(2, 4, 8, 6), Leaf(5, 4, 3, 3), Leaf(5)];
        var fused = new ConvolutionLayer(3, 1, 2, ResamplingFilter.Binomial, Activation.LeakyRelu).Apply(inputs[0], inputs[1], bias: inputs[2], weightGain: .5);
        var parts = PublishedOps.BiasAct(PublishedOps.Conv2dResample(inputs[0], inputs[1] * .5, filter, down: 2, padding: 1), inputs[2], activation: Activation.LeakyRelu, gain: 1);
        AssertSame(fused, parts, inputs);
    }

    [Fact]
    public void ToRgb_AgainstModulatedConvolution_SameValueAndDerivatives()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        Tensor[] inputs = [Leaf(2, 4, 5, 6), Leaf(3, 4, 1, 1), Leaf(2, 4), Leaf(3)];
        var fused = new ConvolutionLayer(1, 1, 1, null, Activation.Linear).Apply(inputs[0], inputs[1], inputs[2], bias: inputs[3], clamp: 1.5);
        var parts = PublishedOps.BiasAct(PublishedOps.ModulatedConv2d(inputs[0], inputs[1], inputs[2], demodulate: false), inputs[3], clamp: 1.5);
        AssertSame(fused, parts, inputs);
    }

    [Fact]
    public void FullyConnected_AgainstItsParts_SameValueAndDerivatives()
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        Tensor[] inputs = [Leaf(3, 7), Leaf(5, 7), Leaf(5)];
        var fused = FullyConnected.Apply(inputs[0], inputs[1], .3, inputs[2], .01, Activation.LeakyRelu);
        var parts = PublishedOps.BiasAct(inputs[0].matmul((inputs[1] * .3).t()), inputs[2] * .01, activation: Activation.LeakyRelu);
        AssertSame(fused, parts, inputs);
    }

    [Fact]
    public void MinibatchStd_GroupThatDoesNotDivide_NamesBoth()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<OpException>(() => MinibatchStd.Apply(zeros(5, 2, 4, 4), 3));
        Assert.Contains("3", error.Message, StringComparison.Ordinal);
        Assert.Contains("[5, 2, 4, 4]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SynthesisLayer_StylesOfWrongSize_NamesOpAndShapes()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<OpException>(() =>
            new ConvolutionLayer(3, 1, 1, null, Activation.LeakyRelu).Apply(zeros(2, 4, 6, 6), zeros(5, 4, 3, 3), zeros(2, 3)));
        Assert.Equal("convolution layer: styles Float32 [2, 3] do not fit x Float32 [2, 4, 6, 6]", error.Message);
    }

    private static Tensor Leaf(params long[] shape) => randn(shape, float64).requires_grad_();

    private static void AssertSame(Tensor actual, Tensor expected, Tensor[] inputs)
    {
        AssertClose(actual, expected);
        var cotangent = randn(expected.shape, float64);
        var first = autograd.grad([actual], inputs, [cotangent], retain_graph: true, create_graph: true);
        var firstExpected = autograd.grad([expected], inputs, [cotangent], retain_graph: true, create_graph: true);
        var second = autograd.grad([SumOfSquares(first)], inputs, allow_unused: true);
        var secondExpected = autograd.grad([SumOfSquares(firstExpected)], inputs, allow_unused: true);
        for (var i = 0; i < inputs.Length; i++)
        {
            AssertClose(first[i], firstExpected[i]);
            AssertClose(OrZero(second[i], inputs[i]), OrZero(secondExpected[i], inputs[i]));
        }
    }

    // An input that a result does not depend on has an invalid gradient.
    private static Tensor OrZero(Tensor gradient, Tensor like) => gradient.IsInvalid ? zeros_like(like) : gradient;

    private static Tensor SumOfSquares(IEnumerable<Tensor> tensors) => tensors.Select(tensor => tensor.Squared().sum()).Aggregate((a, b) => a.Plus(b));

    private static void AssertClose(Tensor actual, Tensor expected)
    {
        Assert.Equal(expected.shape, actual.shape);
        var scale = Math.Max(expected.abs().max().item<double>(), 1e-6);
        Assert.InRange((actual - expected).abs().max().item<double>() / scale, 0, 1e-11);
    }
}
