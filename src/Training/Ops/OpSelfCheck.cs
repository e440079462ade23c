using Atelier.Training.Interop;
using Atelier.Training.Networks;
using static TorchSharp.torch;

namespace Atelier.Training.Ops;

/// <summary>How far an op is from its reference.</summary>
/// <param name="Op">The op.</param>
/// <param name="Value">Error of the value.</param>
/// <param name="Gradient">Worst error of the gradients.</param>
/// <param name="SecondGradient">Worst error of the gradients of the squared gradients.</param>
/// <param name="Passed">Whether all are within float32's tolerance: 1e-4, 1e-3, 1e-3.</param>
public sealed record OpSelfCheckResult(string Op, double Value, double Gradient, double SecondGradient, bool Passed);

/// <summary>
/// Computes every op on fresh inputs by the kernels that training uses here and by its plain version:
/// value, gradient, and gradient of gradient, in float32.
/// </summary>
public static class OpSelfCheck
{
    private const double ValueTolerance = 1e-4;
    private const double GradientTolerance = 1e-3;

    private static ResamplingFilter Filter => ResamplingFilter.Binomial;

    // A turn with some colours and bands, and a smaller image with a square left empty.
    private static readonly double[] Augmentations =
    [
        0.8, -0.6, 1.5, 0.6, 0.8, -2, 0.9, 0.2, -0.1, 0.1, -0.3, 1.2, 0.1, -0.2, 0.1, 0.4, 0.7, 0.3, 0.8, 1.3, 0.6, 1.7, 0, 0.5, 0.5, 0,
        1.6, 0, 0, 0, 1.4, 3, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0, 0.3, 0.6, 0.5,
    ];

    // As many channels and pixels as let the convolutions take their fast path, and as few as keep them from it.
    private static readonly (string Name, long[][] Shapes, Func<Tensor[], Tensor> Apply)[] Cases =
    [
        ("upfirdn2d up", [[4, 8, 16, 16]], x => Upfirdn2d.Upsample(x[0], Filter)),
        ("upfirdn2d down", [[4, 8, 16, 16]], x => Upfirdn2d.Downsample(x[0], Filter)),
        ("synthesis layer", [[4, 32, 16, 16], [32, 32, 3, 3], [4, 32], [], [32]], x => Synthesis(up: 1, x, 16)),
        ("synthesis layer up", [[4, 32, 16, 16], [32, 32, 3, 3], [4, 32], [], [32]], x => Synthesis(up: 2, x, 32)),
        ("synthesis layer, small", [[3, 5, 4, 4], [7, 5, 3, 3], [3, 5], [], [7]], x => Synthesis(up: 1, x, 4)),
        ("demodulation", [[8, 6, 3, 3], [4, 6]], x => DemodulationOp.Apply(x[0], x[1])),
        ("to rgb", [[4, 32, 16, 16], [3, 32, 1, 1], [4, 32], [3]], x =>
            new ConvolutionLayer(1, 1, 1, null, Activation.Linear).Apply(x[0], x[1], x[2], bias: x[3], weightGain: 0.5)),
        ("conv layer", [[4, 32, 16, 16], [32, 32, 3, 3], [32]], x => Convolution(3, 1, x)),
        ("conv layer down", [[4, 32, 16, 16], [32, 32, 3, 3], [32]], x => Convolution(3, 2, x)),
        ("conv layer 1x1 down", [[4, 32, 16, 16], [32, 32, 1, 1], [32]], x => Convolution(1, 2, x)),
        ("fully connected", [[4, 16], [8, 16], [8]], x => FullyConnected.Apply(x[0], x[1], 0.25, x[2], 1, Activation.LeakyRelu)),
        ("augment", [[2, 3, 16, 16]], x => AugmentOp.Apply(x[0], Augmentations, null).Squared()),
    ];

    private static Tensor Synthesis(int up, Tensor[] x, int size) =>
        new ConvolutionLayer(3, up, 1, Filter, Activation.LeakyRelu).Apply(
            x[0], x[1], x[2], DemodulationOp.Apply(x[1], x[2]), Draw([x[0].shape[0], 1, size, size], 98).to(x[0].device), x[3], x[4], Math.Sqrt(2));

    private static Tensor Convolution(int kernel, int down, Tensor[] x) =>
        new ConvolutionLayer(kernel, 1, down, Filter, Activation.LeakyRelu).Apply(x[0], x[1], bias: x[2], gain: Math.Sqrt(2), weightGain: 0.1);

    /// <summary>Checks every op on <paramref name="device"/>.</summary>
    public static IEnumerable<OpSelfCheckResult> Run(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        foreach (var (name, shapes, apply) in Cases)
            yield return Check(name, shapes, apply, device);
    }

    private static OpSelfCheckResult Check(string name, long[][] shapes, Func<Tensor[], Tensor> apply, Device device)
    {
        using var scope = NewDisposeScope();
        var inputs = shapes.Select((shape, i) => Draw(shape, (ulong)i).to(device)).ToArray();
        var fast = Compute(inputs, apply, byReference: false);
        var reference = Compute(inputs, apply, byReference: true);
        double Worst(int first, int count) => Enumerable.Range(first, count).Max(i => Error(fast[i], reference[i]));
        double value = Worst(0, 1), gradient = Worst(1, inputs.Length), second = Worst(1 + inputs.Length, inputs.Length);
        return new OpSelfCheckResult(name, value, gradient, second, value <= ValueTolerance && gradient <= GradientTolerance && second <= GradientTolerance);
    }

    /// <summary>The value, then the gradients, then the second gradients.</summary>
    private static Tensor[] Compute(Tensor[] inputs, Func<Tensor[], Tensor> apply, bool byReference)
    {
        bool before = OpKernels.Plain;
        OpKernels.Plain = before || byReference;
        try
        {
            var leaves = inputs.Select(input => input.detach().clone().requires_grad_()).ToArray();
            var value = apply(leaves);
            var direction = Draw(value.shape, 99).to(value.device);
            var gradients = DifferentiationScope.Gradients([value], leaves, [direction], createGraph: true).Select((gradient, i) => gradient ?? zeros_like(leaves[i])).ToArray();
            var squares = gradients.Select(gradient => gradient.Squared().sum()).Aggregate((a, b) => a.Plus(b));
            var second = squares.requires_grad ? DifferentiationScope.Gradients([squares], leaves) : new Tensor?[leaves.Length];
            return [value.detach(), .. gradients.Select(gradient => gradient.detach()), .. second.Select((gradient, i) => (gradient ?? zeros_like(leaves[i])).detach())];
        }
        finally
        {
            OpKernels.Plain = before;
        }
    }

    private static Tensor Draw(long[] shape, ulong stream)
    {
        var values = empty(shape, ScalarType.Float32);
        PhiloxFill.Normal(values, key: 1, counterHigh: stream);
        return values;
    }

    private static double Error(Tensor actual, Tensor expected)
    {
        using var _ = no_grad();
        return (actual - expected).abs().max().item<float>() / Math.Max(expected.abs().max().item<float>(), 1e-6);
    }
}
