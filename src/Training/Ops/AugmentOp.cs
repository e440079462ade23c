using Atelier.Training.Interop;
using static TorchSharp.torch;

namespace Atelier.Training.Ops;

/// <summary>
/// Augmentation of images, each by its own parameters (Karras et al. 2020, ADA, appendix B): geometry, colour, octave bands,
/// noise, cutout in one pass. Differentiable any number of times in the images. Native: <c>native/ops/augment</c>.
/// </summary>
public static class AugmentOp
{
    /// <summary>Parameters of an image: geometry [2×3], colour [3×4], gains of 4 bands, σ of the noise, cutout x, y and side (<c>native/ops/augment/plan.h</c>).</summary>
    public const int ParameterCount = 26;

    /// <summary>Augments images.</summary>
    /// <param name="x">[N, C, H, W]; C = 1 or 3 where colours change.</param>
    /// <param name="parameters">[N · <see cref="ParameterCount"/>], a row an image.</param>
    /// <param name="noise">[N, C, H, W], or null where every σ is 0.</param>
    /// <returns>[N, C, H, W]</returns>
    /// <exception cref="NativeOpException">The shapes do not fit each other.</exception>
    public static Tensor Apply(Tensor x, double[] parameters, Tensor? noise)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        using var rows = tensor(parameters, [parameters.Length / ParameterCount, ParameterCount]);
        int status = OpsLibrary.Augment(x.Handle, rows.Handle, NativeOp.Handle(noise), out var result);
        return NativeOp.Result("augment", status, result, x, rows, noise);
    }
}
