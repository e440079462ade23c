using Atelier.Training.Interop;
using static TorchSharp.torch;

namespace Atelier.Training.Ops;

/// <summary>
/// Up-, fir-, downsampling of images (Karras et al. 2019; the published upfirdn2d). Differentiable any number of times in
/// the image; the filter is a constant. Native: <c>native/ops/fir</c>.
/// </summary>
public static class Upfirdn2d
{
    private const int SeparableFrom = 8;

    /// <summary>Put up − 1 zeros behind every pixel, pad or crop, convolve with filter·gain, keep every down-th pixel.</summary>
    /// <param name="x">[N, C, H, W]</param>
    /// <param name="filter">[rows, columns], [taps] used on both axes, or null for none.</param>
    /// <param name="up">Factors along x and y.</param>
    /// <param name="down">Factors along x and y.</param>
    /// <param name="padding">Relative to the upsampled image.</param>
    /// <param name="flipFilter">Correlate instead of convolving.</param>
    /// <param name="gain">Scales the result.</param>
    /// <returns>[N, C, (H·up + padding − rows)/down + 1, (W·up + padding − columns)/down + 1]</returns>
    /// <exception cref="NativeOpException">The padded image is smaller than the filter.</exception>
    public static Tensor Apply(
        Tensor x, Tensor? filter, (int X, int Y) up, (int X, int Y) down, Padding2d padding, bool flipFilter = false, double gain = 1)
    {
        int status = OpsLibrary.Upfirdn2d(
            x.Handle, NativeOp.Handle(filter), up.X, up.Y, down.X, down.Y,
            padding.Left, padding.Right, padding.Top, padding.Bottom, flipFilter ? 1 : 0, gain, out var result);
        return NativeOp.Result("upfirdn2d", status, result, x, filter);
    }

    /// <summary>The published upsample2d: factor times the size, brightness kept, filter centred.</summary>
    /// <param name="x">[N, C, H, W]</param>
    /// <param name="filter">As in <see cref="Apply"/>.</param>
    /// <param name="factor">At least 1.</param>
    /// <returns>[N, C, H·factor, W·factor]</returns>
    public static Tensor Upsample(Tensor x, Tensor? filter, int factor = 2)
    {
        var (width, height) = SizeOf(filter);
        var padding = new Padding2d((width + factor - 1) / 2, (width - factor) / 2, (height + factor - 1) / 2, (height - factor) / 2);
        return Apply(x, filter, (factor, factor), (1, 1), padding, gain: factor * factor);
    }

    /// <summary>The published downsample2d: a factor-th of the size, filter centred.</summary>
    /// <param name="x">[N, C, H, W]</param>
    /// <param name="filter">As in <see cref="Apply"/>.</param>
    /// <param name="factor">At least 1.</param>
    /// <returns>[N, C, H/factor, W/factor]</returns>
    public static Tensor Downsample(Tensor x, Tensor? filter, int factor = 2)
    {
        var (width, height) = SizeOf(filter);
        var padding = new Padding2d((width - factor + 1) / 2, (width - factor) / 2, (height - factor + 1) / 2, (height - factor) / 2);
        return Apply(x, filter, (1, 1), (factor, factor), padding);
    }

    /// <summary>The published setup_filter: taps normalised to a sum of 1; two-dimensional unless there are at least 8.</summary>
    /// <param name="taps">For instance [1, 3, 3, 1].</param>
    /// <returns>float32, [taps, taps] or [taps].</returns>
    public static Tensor SetupFilter(double[] taps)
    {
        var row = tensor(taps, dtype: float64);
        row = row / row.sum();
        return (taps.Length < SeparableFrom ? row.outer(row) : row).to(float32);
    }

    private static (int Width, int Height) SizeOf(Tensor? filter) =>
        filter is null ? (1, 1) : ((int)filter.shape[^1], (int)filter.shape[0]);
}
