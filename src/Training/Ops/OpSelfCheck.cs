using Atelier.Training.Interop;
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
/// Computes every differentiable op on fresh inputs as training does and by its reference composition, on this machine:
/// value, gradient, and gradient of gradient, in float32.
/// </summary>
public static class OpSelfCheck
{
    private const double ValueTolerance = 1e-4;
    private const double GradientTolerance = 1e-3;

    private static Tensor Filter => Upfirdn2d.SetupFilter([1, 3, 3, 1]);

    // A turn with some colours and bands, and a smaller image with a square left empty.
    private static readonly double[] Augmentations =
    [
        0.8, -0.6, 1.5, 0.6, 0.8, -2, 0.9, 0.2, -0.1, 0.1, -0.3, 1.2, 0.1, -0.2, 0.1, 0.4, 0.7, 0.3, 0.8, 1.3, 0.6, 1.7, 0, 0.5, 0.5, 0,
        1.6, 0, 0, 0, 1.4, 3, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0, 0.3, 0.6, 0.5,
    ];

    // As many channels as let the convolutions take their fast path.
    private static readonly (string Name, long[][] Shapes, Func<Tensor[], Tensor> Apply)[] Cases =
    [
        ("bias_act", [[4, 8, 16, 16], [8]], x => BiasAct.Apply(x[0], x[1], 1, Activation.LeakyRelu, clamp: 2)),
        ("upfirdn2d up", [[4, 8, 16, 16]], x => Upfirdn2d.Upsample(x[0], Filter)),
        ("upfirdn2d down", [[4, 8, 16, 16]], x => Upfirdn2d.Downsample(x[0], Filter)),
        ("conv2d_resample down", [[4, 32, 16, 16], [32, 32, 3, 3]], x => Conv2dResample.Apply(x[0], x[1], Filter, down: 2, padding: 1)),
        ("modulated_conv2d", [[4, 32, 16, 16], [32, 32, 3, 3], [4, 32]], x => ModulatedConv2d.Apply(x[0], x[1], x[2], padding: 1)),
        ("modulated_conv2d up", [[4, 32, 16, 16], [32, 32, 3, 3], [4, 32]], x => ModulatedConv2d.Apply(x[0], x[1], x[2], up: 2, padding: 1, filter: Filter, flipWeight: false)),
        ("synthesis layer", [[4, 32, 16, 16], [32, 32, 3, 3], [4, 32], [4, 1, 16, 16], [], [32]], x =>
            SynthesisLayerOp.Apply(x[0], x[1], x[2], null, x[3], x[4], x[5], 1, 1, true, Activation.LeakyRelu, Math.Sqrt(2), null)),
        ("to rgb", [[4, 32, 16, 16], [3, 32, 1, 1], [4, 32], [3]], x => ToRgbOp.Apply(x[0], x[1], x[2], x[3], null)),
        ("conv layer down", [[4, 32, 16, 16], [32, 32, 3, 3], [32]], x =>
            ConvLayerOp.Apply(x[0], x[1], 0.1, x[2], Filter, 1, 2, Activation.LeakyRelu, Math.Sqrt(2), null)),
        ("fully connected", [[4, 16], [8, 16], [8]], x => FullyConnectedOp.Apply(x[0], x[1], 0.25, x[2], 1, Activation.LeakyRelu)),
        ("augment", [[2, 3, 16, 16]], x => AugmentOp.Apply(x[0], Augmentations, null).square()),
        ("minibatch_std", [[8, 4, 4, 4]], x => MinibatchStd.Apply(x[0], 4)),
    ];

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
        OpsLibrary.UseReferences(byReference ? 1 : 0);
        try
        {
            var leaves = inputs.Select(input => input.detach().clone().requires_grad_()).ToArray();
            var value = apply(leaves);
            var direction = Draw(value.shape, 99).to(value.device);
            var gradients = autograd.grad([value], leaves, [direction], retain_graph: true, create_graph: true);
            var squares = gradients.Select(gradient => gradient.square().sum()).Aggregate((a, b) => a + b);
            var second = squares.requires_grad
                ? autograd.grad([squares], leaves, retain_graph: false, create_graph: false, allow_unused: true)
                : [.. leaves.Select(_ => (Tensor)null!)];
            return [value.detach(), .. gradients.Select(gradient => gradient.detach()), .. second.Select((gradient, i) => gradient is null || gradient.IsInvalid ? zeros_like(leaves[i]).detach() : gradient.detach())];
        }
        finally
        {
            OpsLibrary.UseReferences(0);
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
