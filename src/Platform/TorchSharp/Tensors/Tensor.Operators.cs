using TorchSharp.Interop;
using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <inheritdoc cref="add(Tensor)"/>
        public static Tensor operator +(Tensor left, Tensor right) => left.add(right);

        /// <inheritdoc cref="add(Scalar)"/>
        public static Tensor operator +(Tensor left, Scalar right) => left.add(right);

        /// <inheritdoc cref="add(Scalar)"/>
        public static Tensor operator +(Tensor left, int right) => left.add(right);

        /// <inheritdoc cref="add(Scalar)"/>
        public static Tensor operator +(Tensor left, long right) => left.add(right);

        /// <inheritdoc cref="add(Scalar)"/>
        public static Tensor operator +(Tensor left, float right) => left.add(right);

        /// <inheritdoc cref="add(Scalar)"/>
        public static Tensor operator +(Tensor left, double right) => left.add(right);

        /// <summary>The sum.</summary>
        public static Tensor operator +(Scalar left, Tensor right) => right.add(left);

        /// <summary>The sum.</summary>
        public static Tensor operator +(int left, Tensor right) => right.add(left);

        /// <summary>The sum.</summary>
        public static Tensor operator +(long left, Tensor right) => right.add(left);

        /// <summary>The sum.</summary>
        public static Tensor operator +(float left, Tensor right) => right.add(left);

        /// <summary>The sum.</summary>
        public static Tensor operator +(double left, Tensor right) => right.add(left);

        /// <inheritdoc cref="sub(Tensor)"/>
        public static Tensor operator -(Tensor left, Tensor right) => left.sub(right);

        /// <inheritdoc cref="sub(Scalar)"/>
        public static Tensor operator -(Tensor left, Scalar right) => left.sub(right);

        /// <inheritdoc cref="sub(Scalar)"/>
        public static Tensor operator -(Tensor left, int right) => left.sub(right);

        /// <inheritdoc cref="sub(Scalar)"/>
        public static Tensor operator -(Tensor left, long right) => left.sub(right);

        /// <inheritdoc cref="sub(Scalar)"/>
        public static Tensor operator -(Tensor left, float right) => left.sub(right);

        /// <inheritdoc cref="sub(Scalar)"/>
        public static Tensor operator -(Tensor left, double right) => left.sub(right);

        /// <summary>The number minus the tensor.</summary>
        public static Tensor operator -(Scalar left, Tensor right) =>
            Own(atorch_rsub_scalar(right.handle, Number.Of(left), out var result), result);

        /// <summary>The number minus the tensor.</summary>
        public static Tensor operator -(int left, Tensor right) =>
            Own(atorch_rsub_scalar(right.handle, Number.Of(left), out var result), result);

        /// <summary>The number minus the tensor.</summary>
        public static Tensor operator -(long left, Tensor right) =>
            Own(atorch_rsub_scalar(right.handle, Number.Of(left), out var result), result);

        /// <summary>The number minus the tensor.</summary>
        public static Tensor operator -(float left, Tensor right) =>
            Own(atorch_rsub_scalar(right.handle, Number.Of(left), out var result), result);

        /// <summary>The number minus the tensor.</summary>
        public static Tensor operator -(double left, Tensor right) =>
            Own(atorch_rsub_scalar(right.handle, Number.Of(left), out var result), result);

        /// <inheritdoc cref="mul(Tensor)"/>
        public static Tensor operator *(Tensor left, Tensor right) => left.mul(right);

        /// <inheritdoc cref="mul(Scalar)"/>
        public static Tensor operator *(Tensor left, Scalar right) => left.mul(right);

        /// <inheritdoc cref="mul(Scalar)"/>
        public static Tensor operator *(Tensor left, int right) => left.mul(right);

        /// <inheritdoc cref="mul(Scalar)"/>
        public static Tensor operator *(Tensor left, long right) => left.mul(right);

        /// <inheritdoc cref="mul(Scalar)"/>
        public static Tensor operator *(Tensor left, float right) => left.mul(right);

        /// <inheritdoc cref="mul(Scalar)"/>
        public static Tensor operator *(Tensor left, double right) => left.mul(right);

        /// <summary>The product.</summary>
        public static Tensor operator *(Scalar left, Tensor right) => right.mul(left);

        /// <summary>The product.</summary>
        public static Tensor operator *(int left, Tensor right) => right.mul(left);

        /// <summary>The product.</summary>
        public static Tensor operator *(long left, Tensor right) => right.mul(left);

        /// <summary>The product.</summary>
        public static Tensor operator *(float left, Tensor right) => right.mul(left);

        /// <summary>The product.</summary>
        public static Tensor operator *(double left, Tensor right) => right.mul(left);

        /// <inheritdoc cref="div(Tensor, RoundingMode)"/>
        public static Tensor operator /(Tensor left, Tensor right) => left.div(right);

        /// <inheritdoc cref="div(Scalar, RoundingMode)"/>
        public static Tensor operator /(Tensor left, Scalar right) => left.div(right);

        /// <inheritdoc cref="div(Scalar, RoundingMode)"/>
        public static Tensor operator /(Tensor left, int right) => left.div(right);

        /// <inheritdoc cref="div(Scalar, RoundingMode)"/>
        public static Tensor operator /(Tensor left, long right) => left.div(right);

        /// <inheritdoc cref="div(Scalar, RoundingMode)"/>
        public static Tensor operator /(Tensor left, float right) => left.div(right);

        /// <inheritdoc cref="div(Scalar, RoundingMode)"/>
        public static Tensor operator /(Tensor left, double right) => left.div(right);

        /// <summary>The number over the tensor: its reciprocal times the number.</summary>
        public static Tensor operator /(Scalar left, Tensor right) =>
            Own(atorch_rdiv_scalar(right.handle, Number.Of(left), out var result), result);

        /// <summary>The number over the tensor: its reciprocal times the number.</summary>
        public static Tensor operator /(int left, Tensor right) =>
            Own(atorch_rdiv_scalar(right.handle, Number.Of(left), out var result), result);

        /// <summary>The number over the tensor: its reciprocal times the number.</summary>
        public static Tensor operator /(long left, Tensor right) =>
            Own(atorch_rdiv_scalar(right.handle, Number.Of(left), out var result), result);

        /// <summary>The number over the tensor: its reciprocal times the number.</summary>
        public static Tensor operator /(float left, Tensor right) =>
            Own(atorch_rdiv_scalar(right.handle, Number.Of(left), out var result), result);

        /// <summary>The number over the tensor: its reciprocal times the number.</summary>
        public static Tensor operator /(double left, Tensor right) =>
            Own(atorch_rdiv_scalar(right.handle, Number.Of(left), out var result), result);

        /// <inheritdoc cref="remainder(Tensor)"/>
        public static Tensor operator %(Tensor left, Tensor right) => left.remainder(right);

        /// <inheritdoc cref="remainder(Scalar)"/>
        public static Tensor operator %(Tensor left, Scalar right) => left.remainder(right);

        /// <inheritdoc cref="remainder(Scalar)"/>
        public static Tensor operator %(Tensor left, int right) => left.remainder(right);

        /// <inheritdoc cref="remainder(Scalar)"/>
        public static Tensor operator %(Tensor left, long right) => left.remainder(right);

        /// <inheritdoc cref="remainder(Scalar)"/>
        public static Tensor operator %(Tensor left, float right) => left.remainder(right);

        /// <inheritdoc cref="remainder(Scalar)"/>
        public static Tensor operator %(Tensor left, double right) => left.remainder(right);

        /// <inheritdoc cref="neg"/>
        public static Tensor operator -(Tensor tensor) => tensor.neg();

        /// <inheritdoc cref="bitwise_not"/>
        public static Tensor operator ~(Tensor left) => left.bitwise_not();

        /// <inheritdoc cref="bitwise_and"/>
        public static Tensor operator &(Tensor left, Tensor right) => left.bitwise_and(right);

        /// <inheritdoc cref="bitwise_or"/>
        public static Tensor operator |(Tensor left, Tensor right) => left.bitwise_or(right);

        /// <inheritdoc cref="bitwise_xor"/>
        public static Tensor operator ^(Tensor left, Tensor right) => left.bitwise_xor(right);

        /// <inheritdoc cref="eq(Tensor)"/>
        public static Tensor operator ==(Tensor left, Tensor right) => left.eq(right);

        /// <inheritdoc cref="eq(Scalar)"/>
        public static Tensor operator ==(Tensor left, Scalar right) => left.eq(right);

        /// <inheritdoc cref="eq(Scalar)"/>
        public static Tensor operator ==(Scalar left, Tensor right) => right.eq(left);

        /// <inheritdoc cref="ne(Tensor)"/>
        public static Tensor operator !=(Tensor left, Tensor right) => left.ne(right);

        /// <inheritdoc cref="ne(Scalar)"/>
        public static Tensor operator !=(Tensor left, Scalar right) => left.ne(right);

        /// <inheritdoc cref="ne(Scalar)"/>
        public static Tensor operator !=(Scalar left, Tensor right) => right.ne(left);

        /// <inheritdoc cref="lt(Tensor)"/>
        public static Tensor operator <(Tensor left, Tensor right) => left.lt(right);

        /// <inheritdoc cref="lt(Scalar)"/>
        public static Tensor operator <(Tensor left, Scalar right) => left.lt(right);

        /// <inheritdoc cref="gt(Scalar)"/>
        public static Tensor operator <(Scalar left, Tensor right) => right.gt(left);

        /// <inheritdoc cref="le(Tensor)"/>
        public static Tensor operator <=(Tensor left, Tensor right) => left.le(right);

        /// <inheritdoc cref="le(Scalar)"/>
        public static Tensor operator <=(Tensor left, Scalar right) => left.le(right);

        /// <inheritdoc cref="ge(Scalar)"/>
        public static Tensor operator <=(Scalar left, Tensor right) => right.ge(left);

        /// <inheritdoc cref="gt(Tensor)"/>
        public static Tensor operator >(Tensor left, Tensor right) => left.gt(right);

        /// <inheritdoc cref="gt(Scalar)"/>
        public static Tensor operator >(Tensor left, Scalar right) => left.gt(right);

        /// <inheritdoc cref="lt(Scalar)"/>
        public static Tensor operator >(Scalar left, Tensor right) => right.lt(left);

        /// <inheritdoc cref="ge(Tensor)"/>
        public static Tensor operator >=(Tensor left, Tensor right) => left.ge(right);

        /// <inheritdoc cref="ge(Scalar)"/>
        public static Tensor operator >=(Tensor left, Scalar right) => left.ge(right);

        /// <inheritdoc cref="le(Scalar)"/>
        public static Tensor operator >=(Scalar left, Tensor right) => right.le(left);
    }
}
