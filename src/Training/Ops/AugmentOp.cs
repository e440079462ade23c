using Atelier.Kernels;
using Atelier.Training.Interop;
using static TorchSharp.torch;

namespace Atelier.Training.Ops;

/// <summary>
/// Augmentation of images, each by its own parameters (Karras et al. 2020, ADA, appendix B): geometry, colour, octave bands,
/// noise, cutout. Differentiable any number of times in the images.
/// </summary>
public static unsafe class AugmentOp
{
    /// <summary>Parameters per image: geometry [2×3], colour [3×4], gains of 4 bands, σ of the noise, cutout x, y and side.</summary>
    public const int ParameterCount = AugmentationPlan.ParameterCount;

    /// <summary>Augments images.</summary>
    /// <param name="x">[N, C, H, W]; C = 1 or 3 where colours change.</param>
    /// <param name="parameters">[N · <see cref="ParameterCount"/>], image after image.</param>
    /// <param name="noise">[N, C, H, W], or null where every σ is 0.</param>
    /// <returns>[N, C, H, W]</returns>
    /// <exception cref="OpException">The shapes do not fit each other.</exception>
    public static Tensor Apply(Tensor x, double[] parameters, Tensor? noise)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(parameters);
        OpException.Unless(x.dim() == 4 && x.numel() > 0, $"augment: x must be [N, C, H, W], not {x}");
        OpException.Unless(parameters.Length == x.shape[0] * ParameterCount, $"augment: {parameters.Length} parameters for {x.shape[0]} images of {ParameterCount}");
        OpException.Unless(noise is null || noise.shape.SequenceEqual(x.shape), $"augment: noise {noise} must have the shape of the images, {x}");
        AugmentationPlan plan;
        try
        {
            plan = AugmentationPlan.Create((int)x.shape[1], (int)x.shape[2], (int)x.shape[3], parameters);
        }
        catch (ArgumentException e)
        {
            throw new OpException($"augment: {e.Message}", e);
        }
        OpException.Unless(!plan.NeedsNoise || noise is not null, $"augment: sigma is not 0, but there is no noise");
        return OpKernels.Fit(x) ? Run(plan, AugmentationMode.Affine, x.contiguous(), noise?.detach().contiguous()) : PlainAugmentation.Apply(plan, x, noise);
    }

    private static Tensor Run(AugmentationPlan plan, AugmentationMode mode, Tensor x, Tensor? noise)
    {
        var y = TensorPool.Empty(x.shape);
        Kernels.Augmentation.Apply(plan, mode, OpKernels.Floats(x), OpKernels.Floats(noise), OpKernels.Floats(y));
        GC.KeepAlive(x);
        GC.KeepAlive(noise);
        return AutogradNode.IsNeeded(x) ? new Augmented(plan, mode).Attach(x, y) : y;
    }

    /// <summary>An affine map of the image: its gradient is the adjoint of its linear part, whose gradient is that part again.</summary>
    private sealed class Augmented(AugmentationPlan plan, AugmentationMode mode) : AutogradNode
    {
        public Tensor Attach(Tensor x, Tensor y)
        {
            Tensor[] outputs = [y];
            Attach([x], outputs, () => { });
            return outputs[0];
        }

        protected override Tensor?[] Backward(Tensor?[] gradients)
        {
            var back = mode == AugmentationMode.Adjoint ? AugmentationMode.Linear : AugmentationMode.Adjoint;
            return [gradients[0] is { } g ? Run(plan, back, g.contiguous(), noise: null) : null];
        }
    }
}
