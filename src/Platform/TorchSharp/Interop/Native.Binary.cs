using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Imports of <c>native/torch/binary.cpp</c>.</summary>
internal static partial class Native
{
    [LibraryImport(Library)]
    internal static partial int atorch_add(TensorHandle self, TensorHandle other, Number alpha, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_add_(TensorHandle self, TensorHandle other, Number alpha);

    [LibraryImport(Library)]
    internal static partial int atorch_add_scalar(TensorHandle self, Number other, Number alpha, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_add__scalar(TensorHandle self, Number other, Number alpha);

    [LibraryImport(Library)]
    internal static partial int atorch_sub(TensorHandle self, TensorHandle other, Number alpha, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_sub_(TensorHandle self, TensorHandle other, Number alpha);

    [LibraryImport(Library)]
    internal static partial int atorch_sub_scalar(TensorHandle self, Number other, Number alpha, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_sub__scalar(TensorHandle self, Number other, Number alpha);

    [LibraryImport(Library)]
    internal static partial int atorch_rsub_scalar(TensorHandle self, Number other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_rdiv_scalar(TensorHandle self, Number other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_mul(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_mul_(TensorHandle self, TensorHandle other);

    [LibraryImport(Library)]
    internal static partial int atorch_mul_scalar(TensorHandle self, Number other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_mul__scalar(TensorHandle self, Number other);

    [LibraryImport(Library)]
    internal static partial int atorch_div(TensorHandle self, TensorHandle other, int mode, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_div_(TensorHandle self, TensorHandle other, int mode);

    [LibraryImport(Library)]
    internal static partial int atorch_div_scalar(TensorHandle self, Number other, int mode, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_div__scalar(TensorHandle self, Number other, int mode);

    [LibraryImport(Library)]
    internal static partial int atorch_pow(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_pow_(TensorHandle self, TensorHandle other);

    [LibraryImport(Library)]
    internal static partial int atorch_pow_scalar(TensorHandle self, Number other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_pow__scalar(TensorHandle self, Number other);

    [LibraryImport(Library)]
    internal static partial int atorch_remainder(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_remainder_(TensorHandle self, TensorHandle other);

    [LibraryImport(Library)]
    internal static partial int atorch_remainder_scalar(TensorHandle self, Number other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_remainder__scalar(TensorHandle self, Number other);

    [LibraryImport(Library)]
    internal static partial int atorch_floor_divide(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_floor_divide_scalar(TensorHandle self, Number other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_maximum(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_minimum(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_atan2(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_eq(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_ne(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_lt(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_le(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_gt(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_ge(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_eq_scalar(TensorHandle self, Number other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_ne_scalar(TensorHandle self, Number other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_lt_scalar(TensorHandle self, Number other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_le_scalar(TensorHandle self, Number other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_gt_scalar(TensorHandle self, Number other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_ge_scalar(TensorHandle self, Number other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_logical_and(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_logical_or(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_logical_xor(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_bitwise_and(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_bitwise_or(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_bitwise_xor(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_equal(TensorHandle self, TensorHandle other, out Flag result);

    [LibraryImport(Library)]
    internal static partial int atorch_allclose(TensorHandle self, TensorHandle other, double rtol, double atol,
        Flag equalNan, out Flag result);

    [LibraryImport(Library)]
    internal static partial int atorch_isclose(TensorHandle self, TensorHandle other, double rtol, double atol, Flag equalNan,
        out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_clamp_tensor(TensorHandle self, TensorHandle min, TensorHandle max, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_lerp(TensorHandle self, TensorHandle end, TensorHandle weight, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_lerp_(TensorHandle self, TensorHandle end, TensorHandle weight);

    [LibraryImport(Library)]
    internal static partial int atorch_addcmul(TensorHandle self, TensorHandle first, TensorHandle second, Number value,
        out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_addcmul_(TensorHandle self, TensorHandle first, TensorHandle second, Number value);

    [LibraryImport(Library)]
    internal static partial int atorch_addcdiv(TensorHandle self, TensorHandle first, TensorHandle second, Number value,
        out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_addcdiv_(TensorHandle self, TensorHandle first, TensorHandle second, Number value);

    [LibraryImport(Library)]
    internal static partial int atorch_where(TensorHandle condition, TensorHandle x, TensorHandle y, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_masked_fill(TensorHandle self, TensorHandle mask, Number value, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_masked_fill_(TensorHandle self, TensorHandle mask, Number value);
}
