using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Imports of <c>native/torch/functional.cpp</c>.</summary>
internal static partial class Native
{
    [LibraryImport(Library)]
    internal static partial int atorch_linear(TensorHandle input, TensorHandle weight, TensorHandle bias, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_conv2d(TensorHandle input, TensorHandle weight, TensorHandle bias,
        ReadOnlySpan<long> stride, ReadOnlySpan<long> padding, ReadOnlySpan<long> dilation, long groups, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_conv_transpose2d(TensorHandle input, TensorHandle weight, TensorHandle bias,
        ReadOnlySpan<long> stride, ReadOnlySpan<long> padding, ReadOnlySpan<long> outputPadding, ReadOnlySpan<long> dilation,
        long groups, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_softmax(TensorHandle self, long dim, int dtype, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_log_softmax(TensorHandle self, long dim, int dtype, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_pad_constant(TensorHandle self, ReadOnlySpan<long> pad, int count, double value,
        out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_pad_reflect(TensorHandle self, ReadOnlySpan<long> pad, int count, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_pad_replicate(TensorHandle self, ReadOnlySpan<long> pad, int count, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_upsample_bilinear2d(TensorHandle self, ReadOnlySpan<long> size, Flag alignCorners,
        double scaleHeight, double scaleWidth, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_upsample_bicubic2d(TensorHandle self, ReadOnlySpan<long> size, Flag alignCorners,
        double scaleHeight, double scaleWidth, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_upsample_nearest2d(TensorHandle self, ReadOnlySpan<long> size, double scaleHeight,
        double scaleWidth, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_adaptive_avg_pool2d(TensorHandle self, ReadOnlySpan<long> size, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_grid_sample(TensorHandle input, TensorHandle grid, long mode, long padding,
        Flag alignCorners, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_affine_grid(TensorHandle theta, ReadOnlySpan<long> size, int count, Flag alignCorners,
        out nint result);

    [LibraryImport(Library)]
    internal static unsafe partial int atorch_avg_pool2d(TensorHandle self, ReadOnlySpan<long> kernel,
        ReadOnlySpan<long> stride, ReadOnlySpan<long> padding, Flag ceilMode, Flag countIncludePad, long* divisor,
        out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_max_pool2d(TensorHandle self, ReadOnlySpan<long> kernel, ReadOnlySpan<long> stride,
        ReadOnlySpan<long> padding, ReadOnlySpan<long> dilation, Flag ceilMode, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_pixel_shuffle(TensorHandle self, long factor, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_pixel_unshuffle(TensorHandle self, long factor, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_one_hot(TensorHandle self, long classes, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_cross_entropy(TensorHandle input, TensorHandle target, TensorHandle weight,
        long ignoreIndex, long reduction, double labelSmoothing, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_binary_cross_entropy_with_logits(TensorHandle input, TensorHandle target,
        TensorHandle weight, TensorHandle posWeight, long reduction, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_mse_loss(TensorHandle input, TensorHandle target, long reduction, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_l1_loss(TensorHandle input, TensorHandle target, long reduction, out nint result);
}
