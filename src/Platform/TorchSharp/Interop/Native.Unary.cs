using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Imports of <c>native/torch/unary.cpp</c>.</summary>
internal static partial class Native
{
    [LibraryImport(Library)]
    internal static partial int atorch_abs(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_acos(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_asin(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_atan(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_ceil(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_cos(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_erf(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_exp(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_expm1(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_floor(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_frac(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_isfinite(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_isinf(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_isnan(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_log(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_log10(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_log1p(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_log2(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_logical_not(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_bitwise_not(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_neg(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_reciprocal(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_relu(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_rsqrt(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_sigmoid(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_sign(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_sin(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_sqrt(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_square(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_tan(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_tanh(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_trunc(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_gelu(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_log_sigmoid(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_selu(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_silu(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_abs_(TensorHandle self);

    [LibraryImport(Library)]
    internal static partial int atorch_ceil_(TensorHandle self);

    [LibraryImport(Library)]
    internal static partial int atorch_cos_(TensorHandle self);

    [LibraryImport(Library)]
    internal static partial int atorch_exp_(TensorHandle self);

    [LibraryImport(Library)]
    internal static partial int atorch_floor_(TensorHandle self);

    [LibraryImport(Library)]
    internal static partial int atorch_log_(TensorHandle self);

    [LibraryImport(Library)]
    internal static partial int atorch_neg_(TensorHandle self);

    [LibraryImport(Library)]
    internal static partial int atorch_reciprocal_(TensorHandle self);

    [LibraryImport(Library)]
    internal static partial int atorch_relu_(TensorHandle self);

    [LibraryImport(Library)]
    internal static partial int atorch_rsqrt_(TensorHandle self);

    [LibraryImport(Library)]
    internal static partial int atorch_sigmoid_(TensorHandle self);

    [LibraryImport(Library)]
    internal static partial int atorch_sign_(TensorHandle self);

    [LibraryImport(Library)]
    internal static partial int atorch_sin_(TensorHandle self);

    [LibraryImport(Library)]
    internal static partial int atorch_sqrt_(TensorHandle self);

    [LibraryImport(Library)]
    internal static partial int atorch_tanh_(TensorHandle self);

    [LibraryImport(Library)]
    internal static partial int atorch_trunc_(TensorHandle self);

    [LibraryImport(Library)]
    internal static partial int atorch_selu_(TensorHandle self);

    [LibraryImport(Library)]
    internal static partial int atorch_silu_(TensorHandle self);

    [LibraryImport(Library)]
    internal static partial int atorch_leaky_relu(TensorHandle self, Number negativeSlope, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_leaky_relu_(TensorHandle self, Number negativeSlope);

    [LibraryImport(Library)]
    internal static partial int atorch_elu(TensorHandle self, double alpha, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_elu_(TensorHandle self, double alpha);

    [LibraryImport(Library)]
    internal static partial int atorch_softplus(TensorHandle self, double beta, double threshold, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_round(TensorHandle self, long decimals, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_round_(TensorHandle self, long decimals);

    [LibraryImport(Library)]
    internal static partial int atorch_nan_to_num(TensorHandle self, double nan, Number posinf, Number neginf, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_nan_to_num_(TensorHandle self, double nan, Number posinf, Number neginf);

    [LibraryImport(Library)]
    internal static partial int atorch_clamp(TensorHandle self, Number min, Number max, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_clamp_(TensorHandle self, Number min, Number max);
}
