using Atelier.Kernels;
using Atelier.Kernels.Cuda;
using Atelier.Training.Interop;
using static Atelier.Training.Interop.TensorArithmetic;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Atelier.Training.Ops;

/// <summary>
/// Augmentation by libtorch's functions, all images of a batch at once: any device, any precision, differentiable any number
/// of times. Where a GPU has kernels, what moves pixels is theirs. What an image is to undergo comes from the same plan that the kernel follows.
/// </summary>
internal static class PlainAugmentation
{
    private static readonly ResamplingFilter Wavelet = ResamplingFilter.Of(AugmentationPlan.Wavelet);

    /// <param name="plan">For N images.</param>
    /// <param name="x">[N, C, H, W]</param>
    /// <param name="noise">[N, C, H, W], or null where every σ is 0.</param>
    public static Tensor Apply(AugmentationPlan plan, Tensor x, Tensor? noise)
    {
        var images = plan.Images;
        var y = Warp(plan, x);
        y = Recolour(images, y);
        y = FilterBands(images, y);
        if (plan.NeedsNoise)
            y = y.Plus(noise!.to(x.dtype) * Constant([.. images.Select(image => image.Sigma)], x).view(-1, 1, 1, 1));
        if (images.Any(image => image.CutRows != default))
            y *= stack([.. images.Select(image => Uncut(image, x))]).unsqueeze(1);
        return y;
    }

    /// <summary>
    /// Geometry of those images that change theirs. Their margins differ; all are padded by the widest, and what lies beyond an
    /// image's own counts as 0, as if it were not there.
    /// </summary>
    private static Tensor Warp(AugmentationPlan plan, Tensor x)
    {
        int[] warped = [.. Enumerable.Range(0, plan.Images.Length).Where(image => plan.Images[image].Warp is not null)];
        if (warped.Length == 0)
            return x;
        var warps = warped.Select(image => plan.Images[image].Warp!).ToArray();
        int left = warps.Max(warp => warp.Left), right = warps.Max(warp => warp.Right), top = warps.Max(warp => warp.Top), bottom = warps.Max(warp => warp.Bottom);
        var chosen = warped.Length == plan.Images.Length ? x : x.index_select(0, Indices(warped, x));
        if (OpKernels.Gpu(chosen) is { } kernels)
            return WithUnwarped(plan, warped, x, WarpByKernels(kernels, plan, warps, new ReflectMargins(left, right, top, bottom), chosen));
        var y = Padded(chosen, 2, top, bottom, [.. warps.Select(warp => (warp.Top, warp.Bottom))]);
        y = Padded(y, 3, left, right, [.. warps.Select(warp => (warp.Left, warp.Right))]);
        var taps = Constant(AugmentationPlan.Wavelet, x);
        y = Upfirdn2d.Plain(y, taps, (2, 2), (1, 1), new Padding2d(6, 5, 6, 5), flipFilter: false, 4);
        y = Sampled(plan, warps, left, top, y);
        y = Upfirdn2d.Plain(y, taps, (1, 1), (2, 2), new Padding2d(-1, -1, -1, -1), flipFilter: true, 1);
        return WithUnwarped(plan, warped, x, y);
    }

    /// <summary>The same by the GPU's kernels.</summary>
    private static Tensor WarpByKernels(GpuKernels kernels, AugmentationPlan plan, WarpPlan[] warps, ReflectMargins border, Tensor x)
    {
        var y = GpuWarpOp.Reflected(kernels, x, border, [.. warps.Select(warp => new ReflectMargins(warp.Left, warp.Right, warp.Top, warp.Bottom))]);
        y = Upfirdn2d.Run(Wavelet.Kernel(Resampling.Up(2), new Padding(6, 5, 6, 5), flip: false, 4), y);
        y = GpuWarpOp.Sampled(
            kernels, y,
            [
                .. warps.Select(warp => new WarpArguments
                {
                    P0 = warp.Position[0],
                    P1 = warp.Position[1],
                    P2 = warp.Position[2],
                    P3 = warp.Position[3],
                    P4 = warp.Position[4],
                    P5 = warp.Position[5],
                    ShiftX = 2 * (border.Left - warp.Left),
                    ShiftY = 2 * (border.Top - warp.Top),
                    Width = 2 * (plan.Width + warp.Left + warp.Right),
                    Height = 2 * (plan.Height + warp.Top + warp.Bottom),
                }),
            ],
            plan.SampleRows, plan.SampleColumns);
        return Upfirdn2d.Run(Wavelet.Kernel(Resampling.Down(2), new Padding(-1, -1, -1, -1), flip: true, 1), y);
    }

    /// <summary>All images in their order: those that were warped, and the others of x.</summary>
    private static Tensor WithUnwarped(AugmentationPlan plan, int[] warped, Tensor x, Tensor y)
    {
        if (warped.Length == plan.Images.Length)
            return y;
        int[] others = [.. Enumerable.Range(0, plan.Images.Length).Except(warped)];
        int[] order = [.. warped, .. others];
        int[] places = [.. Enumerable.Range(0, order.Length).Select(image => Array.IndexOf(order, image))];
        return cat([y, x.index_select(0, Indices(others, x))]).index_select(0, Indices(places, x));
    }

    /// <summary>Reflected pixels along a dimension, and zeros beyond each image's own margins.</summary>
    private static Tensor Padded(Tensor x, int dimension, int before, int behind, (int Before, int Behind)[] own)
    {
        int size = (int)x.shape[dimension];
        var source = Enumerable.Range(-before, before + size + behind).ToArray();
        var y = x.index_select(dimension, Indices([.. source.Select(i => AugmentationPlan.Reflect(i, size))], x));
        var mask = Constant([.. own.SelectMany(margin => source.Select(i => i >= -margin.Before && i < size + margin.Behind ? 1.0 : 0))], x);
        long[] shape = [own.Length, 1, 1, 1];
        shape[dimension] = source.Length;
        return y * mask.view(shape);
    }

    /// <summary>Every sample as the weighted sum of its four neighbours, those outside the image left out.</summary>
    /// <returns>[N, C, sample rows, sample columns]</returns>
    private static Tensor Sampled(AugmentationPlan plan, WarpPlan[] warps, int left, int top, Tensor x)
    {
        long n = x.shape[0], c = x.shape[1], width = x.shape[3];
        var p = tensor(warps.SelectMany(warp => warp.Position).ToArray(), [n, 6, 1, 1], ScalarType.Float64).to(x.device);
        Tensor Per(Func<WarpPlan, double> value) => tensor(warps.Select(value).ToArray(), [n, 1, 1], ScalarType.Float64).to(x.device);
        var j = arange(Number(0), Number(plan.SampleColumns), Number(1), ScalarType.Float64, x.device).view(1, 1, -1);
        var i = arange(Number(0), Number(plan.SampleRows), Number(1), ScalarType.Float64, x.device).view(1, -1, 1);
        Tensor px = (p.select(1, 0) * j).Plus(p.select(1, 1) * i).Plus(p.select(1, 2)), py = (p.select(1, 3) * j).Plus(p.select(1, 4) * i).Plus(p.select(1, 5)); // [N, rows, columns]
        Tensor fx = px.floor(), fy = py.floor();
        Tensor ownWidth = Per(warp => 2 * (plan.Width + warp.Left + warp.Right)), ownHeight = Per(warp => 2 * (plan.Height + warp.Top + warp.Bottom));
        Tensor shiftX = Per(warp => 2 * (left - warp.Left)), shiftY = Per(warp => 2 * (top - warp.Top));
        var flat = x.flatten(2);
        Tensor? sum = null;
        for (int dy = 0; dy < 2; dy++)
        {
            for (int dx = 0; dx < 2; dx++)
            {
                Tensor column = fx.Plus(dx), row = fy.Plus(dy);
                var inside = column.ge(Number(0)).logical_and(column < ownWidth).logical_and(row.ge(Number(0))).logical_and(row < ownHeight);
                var weight = (dx == 1 ? px - fx : (fx - px).Plus(1)) * (dy == 1 ? py - fy : (fy - py).Plus(1)) * inside;
                var index = row.Plus(shiftY).Times(width).Plus(column).Plus(shiftX).mul(inside).to(ScalarType.Int64); // [N, rows, columns]
                var part = flat.gather(2, index.flatten(1).unsqueeze(1).expand(n, c, -1)) * weight.flatten(1).unsqueeze(1).to(x.dtype);
                sum = sum is null ? part : sum.Plus(part);
            }
        }
        return sum!.view(n, c, plan.SampleRows, plan.SampleColumns);
    }

    private static Tensor Recolour(ImagePlan[] images, Tensor x)
    {
        if (images.All(image => image.Colour is null))
            return x;
        double[] same = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];
        var m = Constant([.. images.SelectMany(image => image.Colour ?? same)], x).view(-1, 3, 4);
        Tensor gains = m.narrow(2, 0, 3), offset = m.narrow(2, 3, 1); // [N, 3, 3], [N, 3, 1]
        return x.shape[1] == 1
            ? (x * gains.sum([1L, 2L]).DividedBy(3).view(-1, 1, 1, 1)).Plus(offset.mean([1L, 2L]).view(-1, 1, 1, 1))
            : gains.bmm(x.flatten(2)).Plus(offset).view_as(x);
    }

    private static Tensor FilterBands(ImagePlan[] images, Tensor x)
    {
        if (images.All(image => image.BandFilter is null))
            return x;
        const int half = AugmentationPlan.BandTaps / 2;
        double[] same = [.. Enumerable.Range(0, AugmentationPlan.BandTaps).Select(tap => tap == half ? 1.0 : 0)];
        long n = x.shape[0], c = x.shape[1];
        var taps = Constant([.. images.SelectMany(image => image.BandFilter ?? same)], x).view(n, 1, -1).expand(n, c, -1).reshape(n * c, 1, 1, -1);
        var everywhere = Enumerable.Repeat((half, half), images.Length).ToArray();
        var y = OpKernels.Gpu(x) is { } kernels
            ? GpuWarpOp.Reflected(kernels, x, new(half, half, half, half), [.. images.Select(_ => new ReflectMargins(half, half, half, half))])
            : Padded(Padded(x, 2, half, half, everywhere), 3, half, half, everywhere);
        y = y.reshape(1, n * c, y.shape[2], y.shape[3]);
        y = F.conv2d(F.conv2d(y, taps, groups: n * c), taps.transpose(2, 3), groups: n * c);
        return y.view_as(x);
    }

    private static Tensor Uncut(ImagePlan image, Tensor x)
    {
        var mask = ones([x.shape[2], x.shape[3]], x.dtype, x.device);
        mask.slice(0, image.CutRows.Begin, image.CutRows.End, 1).slice(1, image.CutColumns.Begin, image.CutColumns.End, 1).zero_();
        return mask;
    }

    private static Tensor Constant(double[] values, Tensor like) => tensor(values, dtype: ScalarType.Float64).to(like.dtype).to(like.device);

    private static Tensor Indices(int[] values, Tensor like) => tensor(values.Select(value => (long)value).ToArray()).to(like.device);
}
