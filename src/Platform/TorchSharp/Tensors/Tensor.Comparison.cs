using TorchSharp.Interop;
using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>Where equal, with broadcasting.</summary>
        public Tensor eq(Tensor target) => Own(atorch_eq(handle, target.handle, out var result), result);

        /// <summary>Where equal, with a number.</summary>
        public Tensor eq(Scalar target) => Own(atorch_eq_scalar(handle, Number.Of(target), out var result), result);

        /// <summary>Where different, with broadcasting.</summary>
        public Tensor ne(Tensor target) => Own(atorch_ne(handle, target.handle, out var result), result);

        /// <summary>Where different, with a number.</summary>
        public Tensor ne(Scalar target) => Own(atorch_ne_scalar(handle, Number.Of(target), out var result), result);

        /// <summary>Where less, with broadcasting.</summary>
        public Tensor lt(Tensor target) => Own(atorch_lt(handle, target.handle, out var result), result);

        /// <summary>Where less, with a number.</summary>
        public Tensor lt(Scalar target) => Own(atorch_lt_scalar(handle, Number.Of(target), out var result), result);

        /// <summary>Where not more, with broadcasting.</summary>
        public Tensor le(Tensor target) => Own(atorch_le(handle, target.handle, out var result), result);

        /// <summary>Where not more, with a number.</summary>
        public Tensor le(Scalar target) => Own(atorch_le_scalar(handle, Number.Of(target), out var result), result);

        /// <summary>Where more, with broadcasting.</summary>
        public Tensor gt(Tensor target) => Own(atorch_gt(handle, target.handle, out var result), result);

        /// <summary>Where more, with a number.</summary>
        public Tensor gt(Scalar target) => Own(atorch_gt_scalar(handle, Number.Of(target), out var result), result);

        /// <summary>Where not less, with broadcasting.</summary>
        public Tensor ge(Tensor target) => Own(atorch_ge(handle, target.handle, out var result), result);

        /// <summary>Where not less, with a number.</summary>
        public Tensor ge(Scalar target) => Own(atorch_ge_scalar(handle, Number.Of(target), out var result), result);

        /// <inheritdoc cref="eq(Tensor)"/>
        public Tensor equal(Tensor target) => eq(target);

        /// <summary>Whether both have the same shape and elements.</summary>
        public bool Equals(Tensor target) => target is not null && Get(atorch_equal(handle, target.handle, out var result), result);

        /// <inheritdoc cref="Equals(Tensor)"/>
        public override bool Equals(object? obj) => obj is Tensor other && Equals(other);

        /// <summary>By identity: tensors change, so their elements make no key.</summary>
        public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

        /// <summary>Whether all pairs differ by at most atol + rtol · |target|.</summary>
        public bool allclose(Tensor target, double rtol = 1E-05, double atol = 1E-08, bool equal_nan = false) =>
            Get(atorch_allclose(handle, target.handle, rtol, atol, equal_nan, out var result), result);

        /// <summary>Where pairs differ by at most atol + rtol · |other|.</summary>
        public Tensor isclose(Tensor other, double rtol = 1E-05, double atol = 1E-08, bool nanEqual = false) =>
            Own(atorch_isclose(handle, other.handle, rtol, atol, nanEqual, out var result), result);

        /// <summary>Where neither NaN nor infinite.</summary>
        public Tensor isfinite() => Own(atorch_isfinite(handle, out var result), result);

        /// <summary>Where infinite.</summary>
        public Tensor isinf() => Own(atorch_isinf(handle, out var result), result);

        /// <summary>Where NaN.</summary>
        public Tensor isnan() => Own(atorch_isnan(handle, out var result), result);

        /// <summary>Where zero.</summary>
        public Tensor logical_not() => Own(atorch_logical_not(handle, out var result), result);

        /// <summary>All bits flipped; of truth values the negation.</summary>
        public Tensor bitwise_not() => Own(atorch_bitwise_not(handle, out var result), result);

        /// <summary>Where both are not zero, with broadcasting.</summary>
        public Tensor logical_and(Tensor other) => Own(atorch_logical_and(handle, other.handle, out var result), result);

        /// <summary>Where one is not zero, with broadcasting.</summary>
        public Tensor logical_or(Tensor other) => Own(atorch_logical_or(handle, other.handle, out var result), result);

        /// <summary>Where exactly one is not zero, with broadcasting.</summary>
        public Tensor logical_xor(Tensor other) => Own(atorch_logical_xor(handle, other.handle, out var result), result);

        /// <summary>Bits set in both, with broadcasting.</summary>
        public Tensor bitwise_and(Tensor other) => Own(atorch_bitwise_and(handle, other.handle, out var result), result);

        /// <summary>Bits set in one, with broadcasting.</summary>
        public Tensor bitwise_or(Tensor other) => Own(atorch_bitwise_or(handle, other.handle, out var result), result);

        /// <summary>Bits set in exactly one, with broadcasting.</summary>
        public Tensor bitwise_xor(Tensor other) => Own(atorch_bitwise_xor(handle, other.handle, out var result), result);

        /// <summary>This where the condition holds, else <paramref name="y"/>, with broadcasting.</summary>
        public Tensor where(Tensor condition, Tensor y) =>
            Own(atorch_where(condition.handle, handle, y.handle, out var result), result);

        /// <summary>The value where the mask holds, else this.</summary>
        public Tensor masked_fill(Tensor mask, Scalar value) =>
            Own(atorch_masked_fill(handle, mask.handle, Number.Of(value), out var result), result);

        /// <inheritdoc cref="masked_fill"/>
        /// <remarks>In place.</remarks>
        public Tensor masked_fill_(Tensor mask, Scalar value) => After(atorch_masked_fill_(handle, mask.handle, Number.Of(value)));
    }
}
