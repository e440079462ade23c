using Atelier.Training.Interop;

namespace Atelier.Training.Ops;

/// <summary>Modulated convolution (Karras et al. 2020 §2.2, equations 1 and 3). Native: <c>native/ops/modulated_conv2d</c>.</summary>
public static class ModulatedConv2d
{
    /// <summary>Scale x by the styles, convolve, scale by 1/√(Σ(w·s)² + 1e-8), add noise.</summary>
    /// <param name="x">[N, I, H, W]</param>
    /// <param name="weight">[O, I, kh, kw]</param>
    /// <param name="styles">[N, I]</param>
    /// <param name="noise">[N or 1, 1, H·up, W·up] or null.</param>
    /// <param name="up">Factor, 1 for none.</param>
    /// <param name="padding">On all sides, relative to the upsampled image.</param>
    /// <param name="filter">As in <see cref="Upfirdn2d.Apply"/>; null for none.</param>
    /// <param name="demodulate">Whether the second scaling happens.</param>
    /// <param name="flipWeight">True correlates, false convolves.</param>
    /// <returns>[N, O, H·up, W·up] for padding kernel/2.</returns>
    /// <exception cref="NativeOpException">Shapes or dtypes do not fit.</exception>
    public static Tensor Apply(
        Tensor x, Tensor weight, Tensor styles, Tensor? noise = null, int up = 1, int padding = 0, Tensor? filter = null,
        bool demodulate = true, bool flipWeight = true)
    {
        int status = OpsLibrary.ModulatedConv2d(
            x.Handle, weight.Handle, styles.Handle, NativeOp.Handle(noise), NativeOp.Handle(filter), up, padding,
            flipWeight ? 1 : 0, demodulate ? 1 : 0, out var result);
        return NativeOp.Result("modulated_conv2d", status, result, x, weight, styles, noise, filter);
    }
}
