using Atelier.Training.Interop;

namespace Atelier.Training.Ops;

/// <summary>The synthesis network's way to colours. Native: <c>native/ops/to_rgb</c>.</summary>
public static class ToRgbOp
{
    /// <summary>A modulated 1×1 convolution without demodulation, bias, clamp.</summary>
    /// <param name="x">[N, I, H, W]</param>
    /// <param name="weight">[C, I, 1, 1]</param>
    /// <param name="styles">[N, I], weight gain included.</param>
    /// <param name="bias">[C]</param>
    /// <param name="clamp">Bound on the result's magnitude, or null.</param>
    /// <returns>[N, C, H, W]</returns>
    /// <exception cref="NativeOpException">Shapes do not fit.</exception>
    public static Tensor Apply(Tensor x, Tensor weight, Tensor styles, Tensor bias, double? clamp)
    {
        int status = OpsLibrary.ToRgb(x.Handle, weight.Handle, styles.Handle, bias.Handle, clamp ?? -1, out var result);
        return NativeOp.Result("to_rgb", status, result, x, weight, styles, bias);
    }
}
