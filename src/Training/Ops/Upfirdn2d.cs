using Atelier.Kernels;
using Atelier.Training.Interop;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Atelier.Training.Ops;

/// <summary>
/// The published upfirdn2d (Karras et al. 2019, 2020). Linear in the image; its adjoint is one of its own kind, so that it is
/// differentiable any number of times. Filters are constants.
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
    /// <exception cref="OpException">The padded image is smaller than the filter.</exception>
    public static Tensor Apply(
        Tensor x, Tensor? filter, (int X, int Y) up, (int X, int Y) down, Padding2d padding, bool flipFilter = false, double gain = 1)
    {
        ArgumentNullException.ThrowIfNull(x);
        Check(x, filter, up, down, padding);
        return OpKernels.Fit(x) || OpKernels.Gpu(x) is not null ? Run(Kernel(filter, up, down, padding, flipFilter, gain), x) : Plain(x, filter, up, down, padding, flipFilter, gain);
    }

    /// <summary>The published upsample2d: factor times the size, brightness kept, filter centred.</summary>
    /// <param name="x">[N, C, H, W]</param>
    /// <param name="filter">As in <see cref="Apply"/>.</param>
    /// <param name="factor">At least 1.</param>
    /// <returns>[N, C, H·factor, W·factor]</returns>
    public static Tensor Upsample(Tensor x, Tensor? filter, int factor = 2) =>
        Apply(x, filter, (factor, factor), (1, 1), Padding2d.Around(0, filter, factor, 1), gain: factor * factor);

    /// <summary>The published downsample2d: a factor-th of the size, filter centred.</summary>
    /// <param name="x">[N, C, H, W]</param>
    /// <param name="filter">As in <see cref="Apply"/>.</param>
    /// <param name="factor">At least 1.</param>
    /// <returns>[N, C, H/factor, W/factor]</returns>
    public static Tensor Downsample(Tensor x, Tensor? filter, int factor = 2) =>
        Apply(x, filter, (1, 1), (factor, factor), Padding2d.Around(0, filter, 1, factor));

    /// <summary>The published upsample2d with a filter that is known beforehand.</summary>
    /// <inheritdoc cref="Upsample(Tensor, Tensor?, int)"/>
    public static Tensor Upsample(Tensor x, ResamplingFilter filter, int factor = 2) => Resample(x, filter, factor, 1);

    /// <summary>The published downsample2d with a filter that is known beforehand.</summary>
    /// <inheritdoc cref="Downsample(Tensor, Tensor?, int)"/>
    public static Tensor Downsample(Tensor x, ResamplingFilter filter, int factor = 2) => Resample(x, filter, 1, factor);

    /// <summary>The published setup_filter: taps normalised to a sum of 1; two-dimensional unless there are at least 8.</summary>
    /// <param name="taps">For instance [1, 3, 3, 1].</param>
    /// <returns>float32, [taps, taps] or [taps].</returns>
    public static Tensor SetupFilter(double[] taps)
    {
        ArgumentNullException.ThrowIfNull(taps);
        var row = tensor(taps, dtype: float64);
        row /= row.sum();
        return (taps.Length < SeparableFrom ? row.outer(row) : row).to(float32);
    }

    private static Tensor Resample(Tensor x, ResamplingFilter filter, int up, int down)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(filter);
        if (!OpKernels.Fit(x) && OpKernels.Gpu(x) is null)
            return up > 1 ? Upsample(x, filter.ToTensor(x.dtype, x.device), up) : Downsample(x, filter.ToTensor(x.dtype, x.device), down);
        var (left, right) = Padding2d.Along(0, filter.Columns, up, down);
        var (top, bottom) = Padding2d.Along(0, filter.Rows, up, down);
        return Run(filter.Kernel(new Resampling(up, up, down, down), new Padding(left, right, top, bottom), flip: false, up * up), x);
    }

    /// <summary>By zero insertion, padding and grouped convolution.</summary>
    internal static Tensor Plain(Tensor x, Tensor? filter, (int X, int Y) up, (int X, int Y) down, Padding2d padding, bool flipFilter, double gain)
    {
        Check(x, filter, up, down, padding);
        long n = x.size(0), c = x.size(1), h = x.size(2), w = x.size(3);
        var y = x.reshape(n, c, h, 1, w, 1);
        y = F.pad(y, [0, up.X - 1, 0, 0, 0, up.Y - 1]).reshape(n, c, h * up.Y, w * up.X);
        y = F.pad(y, [padding.Left, padding.Right, padding.Top, padding.Bottom]); // negative: crops
        var f = (filter ?? ones(1, 1)).to(x.dtype).to(x.device);
        f = f.Times(Math.Pow(gain, f.dim() / 2.0));
        if (!flipFilter)
            f = f.dim() == 1 ? f.flip(0) : f.flip(0, 1);
        Tensor Correlate(Tensor image, Tensor taps) => F.conv2d(image, taps.expand(c, 1, taps.size(0), taps.size(1)), groups: c);
        y = f.dim() == 2 ? Correlate(y, f) : Correlate(Correlate(y, f.unsqueeze(0)), f.unsqueeze(1));
        return y.slice(2, 0, y.size(2), down.Y).slice(3, 0, y.size(3), down.X);
    }

    /// <summary>The same by the kernel, as part of a graph where one is wanted.</summary>
    internal static Tensor Run(FirFilter filter, Tensor x)
    {
        Tensor y;
        if (OpKernels.Gpu(x) is { } kernels)
        {
            y = GpuFilterOp.Filtered(kernels, filter, x);
        }
        else
        {
            x = x.contiguous();
            y = ResampledConvolution.Filtered(filter, x, epilogue: null);
        }
        return AutogradNode.IsNeeded(x) ? new Filtering(filter.Adjoint((int)x.size(2), (int)x.size(3))).Attach(x, y) : y;
    }

    private static FirFilter Kernel(Tensor? filter, (int X, int Y) up, (int X, int Y) down, Padding2d padding, bool flip, double gain) =>
        (filter is null ? ResamplingFilter.Identity : ResamplingFilter.From(filter)).Kernel(
            new Resampling(up.X, up.Y, down.X, down.Y), new Padding(padding.Left, padding.Right, padding.Top, padding.Bottom), flip, gain);

    private static void Check(Tensor x, Tensor? filter, (int X, int Y) up, (int X, int Y) down, Padding2d padding)
    {
        OpException.Unless(x.dim() == 4, $"upfirdn2d: x must be [N, C, H, W], not {x}");
        OpException.Unless(up is { X: >= 1, Y: >= 1 } && down is { X: >= 1, Y: >= 1 }, $"upfirdn2d: up {up} and down {down} must be at least 1");
        OpException.Unless(filter is null || (filter.dim() is 1 or 2 && filter.numel() > 0), $"upfirdn2d: filter must be [taps] or [rows, columns], not {filter}");
        long rows = filter?.shape[0] ?? 1, columns = filter?.shape[^1] ?? 1;
        OpException.Unless(
            (x.size(2) * up.Y) + padding.Top + padding.Bottom >= rows && (x.size(3) * up.X) + padding.Left + padding.Right >= columns,
            $"upfirdn2d: image {x} is smaller than the filter after padding {padding}");
    }

    private sealed class Filtering(FirFilter adjoint) : AutogradNode
    {
        public Tensor Attach(Tensor x, Tensor y)
        {
            Tensor[] outputs = [y];
            Attach([x], outputs, () => { });
            return outputs[0];
        }

        protected override Tensor?[] Backward(Tensor?[] gradients) => [gradients[0] is { } g ? Run(adjoint, g) : null];
    }
}
