using TorchSharp.Interop;
using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        private static readonly Number One = new() { Kind = Number.Integer, IntegerValue = 1 };

        /// <summary>The sum, with broadcasting.</summary>
        public Tensor add(Tensor target) => Own(atorch_add(handle, target.handle, One, out var result), result);

        /// <summary>The sum with a number.</summary>
        public Tensor add(Scalar scalar) => Own(atorch_add_scalar(handle, Number.Of(scalar), One, out var result), result);

        /// <summary>The sum with alpha times the other, with broadcasting.</summary>
        public Tensor add(Tensor target, Scalar alpha) =>
            Own(atorch_add(handle, target.handle, Number.Of(alpha), out var result), result);

        /// <summary>The sum with alpha times a number.</summary>
        public Tensor add(Scalar scalar, Scalar alpha) =>
            Own(atorch_add_scalar(handle, Number.Of(scalar), Number.Of(alpha), out var result), result);

        /// <inheritdoc cref="add(Tensor)"/>
        /// <remarks>In place.</remarks>
        public Tensor add_(Tensor target) => After(atorch_add_(handle, target.handle, One));

        /// <inheritdoc cref="add(Scalar)"/>
        /// <remarks>In place.</remarks>
        public Tensor add_(Scalar scalar) => After(atorch_add__scalar(handle, Number.Of(scalar), One));

        /// <inheritdoc cref="add(Tensor, Scalar)"/>
        /// <remarks>In place.</remarks>
        public Tensor add_(Tensor target, Scalar alpha) => After(atorch_add_(handle, target.handle, Number.Of(alpha)));

        /// <inheritdoc cref="add(Scalar, Scalar)"/>
        /// <remarks>In place.</remarks>
        public Tensor add_(Scalar scalar, Scalar alpha) => After(atorch_add__scalar(handle, Number.Of(scalar), Number.Of(alpha)));

        /// <summary>The difference, with broadcasting.</summary>
        public Tensor sub(Tensor target) => Own(atorch_sub(handle, target.handle, One, out var result), result);

        /// <summary>The difference with a number.</summary>
        public Tensor sub(Scalar target) => Own(atorch_sub_scalar(handle, Number.Of(target), One, out var result), result);

        /// <inheritdoc cref="sub(Tensor)"/>
        /// <remarks>In place.</remarks>
        public Tensor sub_(Tensor target) => After(atorch_sub_(handle, target.handle, One));

        /// <inheritdoc cref="sub(Scalar)"/>
        /// <remarks>In place.</remarks>
        public Tensor sub_(Scalar target) => After(atorch_sub__scalar(handle, Number.Of(target), One));

        /// <summary>The product, with broadcasting.</summary>
        public Tensor mul(Tensor target) => Own(atorch_mul(handle, target.handle, out var result), result);

        /// <summary>The product, with a number.</summary>
        public Tensor mul(Scalar target) => Own(atorch_mul_scalar(handle, Number.Of(target), out var result), result);

        /// <inheritdoc cref="mul(Tensor)"/>
        /// <remarks>In place.</remarks>
        public Tensor mul_(Tensor target) => After(atorch_mul_(handle, target.handle));

        /// <inheritdoc cref="mul(Scalar)"/>
        /// <remarks>In place.</remarks>
        public Tensor mul_(Scalar target) => After(atorch_mul__scalar(handle, Number.Of(target)));

        /// <summary>The quotient, with broadcasting; of whole numbers a real one, unless rounded.</summary>
        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            Own(atorch_div(handle, target.handle, (int)rounding_mode, out var result), result);

        /// <summary>The quotient with a number; of whole numbers a real one, unless rounded.</summary>
        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            Own(atorch_div_scalar(handle, Number.Of(target), (int)rounding_mode, out var result), result);

        /// <inheritdoc cref="div(Tensor, RoundingMode)"/>
        /// <remarks>In place.</remarks>
        public Tensor div_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            After(atorch_div_(handle, target.handle, (int)rounding_mode));

        /// <inheritdoc cref="div(Scalar, RoundingMode)"/>
        /// <remarks>In place.</remarks>
        public Tensor div_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            After(atorch_div__scalar(handle, Number.Of(target), (int)rounding_mode));

        /// <summary>The quotient rounded down, with broadcasting.</summary>
        public Tensor floor_divide(Tensor other) => Own(atorch_floor_divide(handle, other.handle, out var result), result);

        /// <summary>The quotient rounded down, with a number.</summary>
        public Tensor floor_divide(Scalar other) =>
            Own(atorch_floor_divide_scalar(handle, Number.Of(other), out var result), result);

        /// <summary>The remainder, with the divisor's sign, with broadcasting.</summary>
        public Tensor remainder(Tensor target) => Own(atorch_remainder(handle, target.handle, out var result), result);

        /// <summary>The remainder, with the divisor's sign, with a number.</summary>
        public Tensor remainder(Scalar scalar) => Own(atorch_remainder_scalar(handle, Number.Of(scalar), out var result), result);

        /// <inheritdoc cref="remainder(Tensor)"/>
        /// <remarks>In place.</remarks>
        public Tensor remainder_(Tensor target) => After(atorch_remainder_(handle, target.handle));

        /// <inheritdoc cref="remainder(Scalar)"/>
        /// <remarks>In place.</remarks>
        public Tensor remainder_(Scalar scalar) => After(atorch_remainder__scalar(handle, Number.Of(scalar)));

        /// <summary>Each element to a power, with broadcasting.</summary>
        public Tensor pow(Tensor exponent) => Own(atorch_pow(handle, exponent.handle, out var result), result);

        /// <summary>Each element to a power, with a number.</summary>
        public Tensor pow(Scalar exponent) => Own(atorch_pow_scalar(handle, Number.Of(exponent), out var result), result);

        /// <inheritdoc cref="pow(Tensor)"/>
        /// <remarks>In place.</remarks>
        public Tensor pow_(Tensor exponent) => After(atorch_pow_(handle, exponent.handle));

        /// <inheritdoc cref="pow(Scalar)"/>
        /// <remarks>In place.</remarks>
        public Tensor pow_(Scalar exponent) => After(atorch_pow__scalar(handle, Number.Of(exponent)));

        /// <summary>The angle of the point (other, this), with broadcasting.</summary>
        public Tensor atan2(Tensor other) => Own(atorch_atan2(handle, other.handle, out var result), result);

        /// <summary>The larger of two, with broadcasting.</summary>
        public Tensor maximum(Tensor other) => Own(atorch_maximum(handle, other.handle, out var result), result);

        /// <summary>The smaller of two, with broadcasting.</summary>
        public Tensor minimum(Tensor other) => Own(atorch_minimum(handle, other.handle, out var result), result);

        /// <summary>this + value · tensor1 · tensor2.</summary>
        public Tensor addcmul(Tensor tensor1, Tensor tensor2, Scalar value) =>
            Own(atorch_addcmul(handle, tensor1.handle, tensor2.handle, Number.Of(value), out var result), result);

        /// <inheritdoc cref="addcmul"/>
        /// <remarks>In place.</remarks>
        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) =>
            After(atorch_addcmul_(handle, tensor1.handle, tensor2.handle, Number.Of(value)));

        /// <summary>this + tensor1 / tensor2.</summary>
        public Tensor addcdiv(Tensor tensor1, Tensor tensor2) => addcdiv(tensor1, tensor2, 1);

        /// <summary>this + value · tensor1 / tensor2.</summary>
        public Tensor addcdiv(Tensor tensor1, Tensor tensor2, Scalar value) =>
            Own(atorch_addcdiv(handle, tensor1.handle, tensor2.handle, Number.Of(value), out var result), result);

        /// <inheritdoc cref="addcdiv(Tensor, Tensor)"/>
        /// <remarks>In place.</remarks>
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2) => addcdiv_(tensor1, tensor2, 1);

        /// <inheritdoc cref="addcdiv(Tensor, Tensor, Scalar)"/>
        /// <remarks>In place.</remarks>
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) =>
            After(atorch_addcdiv_(handle, tensor1.handle, tensor2.handle, Number.Of(value)));

        /// <summary>this + weight · (end − this).</summary>
        public Tensor lerp(Tensor end, Tensor weight) =>
            Own(atorch_lerp(handle, end.handle, weight.handle, out var result), result);

        /// <inheritdoc cref="lerp"/>
        /// <remarks>In place.</remarks>
        public Tensor lerp_(Tensor end, Tensor weight) => After(atorch_lerp_(handle, end.handle, weight.handle));
    }
}
