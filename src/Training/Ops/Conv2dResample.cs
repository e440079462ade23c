using Atelier.Training.Interop;

namespace Atelier.Training.Ops;

/// <summary>A convolution with up- or downsampling (the published conv2d_resample). Twice differentiable in image and weight.</summary>
public static class Conv2dResample
{
    /// <summary>Upsample, convolve, downsample, in the order that computes least. Native: <c>native/ops/conv2d_resample</c>.</summary>
    /// <param name="x">[N, I, H, W]</param>
    /// <param name="weight">[O, I/groups, kh, kw]</param>
    /// <param name="filter">As in <see cref="Upfirdn2d.Apply"/>; null for none.</param>
    /// <param name="up">Factor, 1 for none.</param>
    /// <param name="down">Factor, 1 for none.</param>
    /// <param name="padding">On all sides, relative to the upsampled image.</param>
    /// <param name="groups">Groups of channels.</param>
    /// <param name="flipWeight">True correlates, as conv2d does; false convolves.</param>
    /// <returns>[N, O, H·up/down, W·up/down] for padding kernel/2.</returns>
    /// <exception cref="NativeOpException">Shapes or dtypes do not fit.</exception>
    public static Tensor Apply(
        Tensor x, Tensor weight, Tensor? filter = null, int up = 1, int down = 1, int padding = 0, int groups = 1, bool flipWeight = true)
    {
        int status = OpsLibrary.Conv2dResample(
            x.Handle, weight.Handle, NativeOp.Handle(filter), up, down, padding, groups, flipWeight ? 1 : 0, out var result);
        return NativeOp.Result("conv2d_resample", status, result, x, weight, filter);
    }
}
