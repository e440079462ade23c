using TorchSharp.Interop;
using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>The absolute value.</summary>
        public Tensor abs() => Own(atorch_abs(handle, out var result), result);

        /// <inheritdoc cref="abs"/>
        /// <remarks>In place.</remarks>
        public Tensor abs_() => After(atorch_abs_(handle));

        /// <summary>The angle of [0, π] with this cosine.</summary>
        public Tensor acos() => Own(atorch_acos(handle, out var result), result);

        /// <summary>The angle of [−π/2, π/2] with this sine.</summary>
        public Tensor asin() => Own(atorch_asin(handle, out var result), result);

        /// <summary>The angle of (−π/2, π/2) with this tangent.</summary>
        public Tensor atan() => Own(atorch_atan(handle, out var result), result);

        /// <summary>The smallest whole number not below.</summary>
        public Tensor ceil() => Own(atorch_ceil(handle, out var result), result);

        /// <inheritdoc cref="ceil"/>
        /// <remarks>In place.</remarks>
        public Tensor ceil_() => After(atorch_ceil_(handle));

        /// <summary>The cosine.</summary>
        public Tensor cos() => Own(atorch_cos(handle, out var result), result);

        /// <inheritdoc cref="cos"/>
        /// <remarks>In place.</remarks>
        public Tensor cos_() => After(atorch_cos_(handle));

        /// <summary>The error function.</summary>
        public Tensor erf() => Own(atorch_erf(handle, out var result), result);

        /// <summary>e to the power of each element.</summary>
        public Tensor exp() => Own(atorch_exp(handle, out var result), result);

        /// <inheritdoc cref="exp"/>
        /// <remarks>In place.</remarks>
        public Tensor exp_() => After(atorch_exp_(handle));

        /// <summary>e to the power of each element, minus 1, exact near 0.</summary>
        public Tensor expm1() => Own(atorch_expm1(handle, out var result), result);

        /// <summary>The largest whole number not above.</summary>
        public Tensor floor() => Own(atorch_floor(handle, out var result), result);

        /// <inheritdoc cref="floor"/>
        /// <remarks>In place.</remarks>
        public Tensor floor_() => After(atorch_floor_(handle));

        /// <summary>The fraction, with the sign of the element.</summary>
        public Tensor frac() => Own(atorch_frac(handle, out var result), result);

        /// <summary>The natural logarithm.</summary>
        public Tensor log() => Own(atorch_log(handle, out var result), result);

        /// <inheritdoc cref="log"/>
        /// <remarks>In place.</remarks>
        public Tensor log_() => After(atorch_log_(handle));

        /// <summary>The decimal logarithm.</summary>
        public Tensor log10() => Own(atorch_log10(handle, out var result), result);

        /// <summary>The natural logarithm of 1 + each element, exact near 0.</summary>
        public Tensor log1p() => Own(atorch_log1p(handle, out var result), result);

        /// <summary>The binary logarithm.</summary>
        public Tensor log2() => Own(atorch_log2(handle, out var result), result);

        /// <summary>The opposite.</summary>
        public Tensor neg() => Own(atorch_neg(handle, out var result), result);

        /// <inheritdoc cref="neg"/>
        /// <remarks>In place.</remarks>
        public Tensor neg_() => After(atorch_neg_(handle));

        /// <summary>1 over each element.</summary>
        public Tensor reciprocal() => Own(atorch_reciprocal(handle, out var result), result);

        /// <inheritdoc cref="reciprocal"/>
        /// <remarks>In place.</remarks>
        public Tensor reciprocal_() => After(atorch_reciprocal_(handle));

        /// <summary>1 over the square root.</summary>
        public Tensor rsqrt() => Own(atorch_rsqrt(handle, out var result), result);

        /// <inheritdoc cref="rsqrt"/>
        /// <remarks>In place.</remarks>
        public Tensor rsqrt_() => After(atorch_rsqrt_(handle));

        /// <summary>−1, 0 or 1.</summary>
        public Tensor sign() => Own(atorch_sign(handle, out var result), result);

        /// <inheritdoc cref="sign"/>
        /// <remarks>In place.</remarks>
        public Tensor sign_() => After(atorch_sign_(handle));

        /// <summary>The sine.</summary>
        public Tensor sin() => Own(atorch_sin(handle, out var result), result);

        /// <inheritdoc cref="sin"/>
        /// <remarks>In place.</remarks>
        public Tensor sin_() => After(atorch_sin_(handle));

        /// <summary>The square root.</summary>
        public Tensor sqrt() => Own(atorch_sqrt(handle, out var result), result);

        /// <inheritdoc cref="sqrt"/>
        /// <remarks>In place.</remarks>
        public Tensor sqrt_() => After(atorch_sqrt_(handle));

        /// <summary>Each element times itself.</summary>
        public Tensor square() => Own(atorch_square(handle, out var result), result);

        /// <summary>The tangent.</summary>
        public Tensor tan() => Own(atorch_tan(handle, out var result), result);

        /// <summary>The hyperbolic tangent.</summary>
        public Tensor tanh() => Own(atorch_tanh(handle, out var result), result);

        /// <inheritdoc cref="tanh"/>
        /// <remarks>In place.</remarks>
        public Tensor tanh_() => After(atorch_tanh_(handle));

        /// <summary>The element without its fraction.</summary>
        public Tensor trunc() => Own(atorch_trunc(handle, out var result), result);

        /// <inheritdoc cref="trunc"/>
        /// <remarks>In place.</remarks>
        public Tensor trunc_() => After(atorch_trunc_(handle));

        /// <inheritdoc cref="neg"/>
        public Tensor negative() => neg();

        /// <summary>The nearest whole number, halves to even; with decimals, the nearest multiple of 10^−decimals.</summary>
        public Tensor round(long decimals = 0) => Own(atorch_round(handle, decimals, out var result), result);

        /// <inheritdoc cref="round"/>
        /// <remarks>In place.</remarks>
        public Tensor round_(long decimals = 0) => After(atorch_round_(handle, decimals));

        /// <summary>NaN replaced by <paramref name="nan"/>, infinities by the given values or the dtype's largest ones.</summary>
        public Tensor nan_to_num(double nan = 0, double? posinf = null, double? neginf = null) =>
            Own(atorch_nan_to_num(handle, nan, Number.Of(posinf), Number.Of(neginf), out var result), result);

        /// <inheritdoc cref="nan_to_num"/>
        /// <remarks>In place.</remarks>
        public Tensor nan_to_num_(double nan = 0, double? posinf = null, double? neginf = null) =>
            After(atorch_nan_to_num_(handle, nan, Number.Of(posinf), Number.Of(neginf)));

        /// <summary>Elements limited to [min, max]; either bound may be absent.</summary>
        public Tensor clamp(Scalar? min = null, Scalar? max = null) =>
            Own(atorch_clamp(handle, Number.Of(min), Number.Of(max), out var result), result);

        /// <summary>Elements limited to [min, max], elementwise; either bound may be absent.</summary>
        public Tensor clamp(Tensor? min = null, Tensor? max = null) =>
            Own(atorch_clamp_tensor(handle, TensorHandle.Of(min), TensorHandle.Of(max), out var result), result);

        /// <inheritdoc cref="clamp(Scalar, Scalar)"/>
        /// <remarks>In place.</remarks>
        public Tensor clamp_(Scalar? min = null, Scalar? max = null) =>
            After(atorch_clamp_(handle, Number.Of(min), Number.Of(max)));

        /// <summary>Elements limited to at most <paramref name="max"/>.</summary>
        public Tensor clamp_max(Scalar max) => clamp(max: max);

        /// <summary>Elements limited to at least <paramref name="min"/>.</summary>
        public Tensor clamp_min(Scalar min) => clamp(min: min);
    }
}
