using TorchSharp.Interop;

namespace TorchSharp;

/// <summary>
/// A number that takes the dtype of the tensor it meets. Whole numbers stay whole, so that they do not promote integer tensors.
/// </summary>
public sealed class Scalar
{
    internal Scalar(Number value) => Value = value;

    internal Number Value { get; }

    /// <summary>The widest type of the number's kind: float64, int64 or bool.</summary>
    public torch.ScalarType Type => Value.Kind switch
    {
        Number.Real => torch.ScalarType.Float64,
        Number.Integer => torch.ScalarType.Int64,
        _ => torch.ScalarType.Bool,
    };

    /// <summary>A real number.</summary>
    public static implicit operator Scalar(double value) => new(new Number { Kind = Number.Real, RealValue = value });

    /// <summary>A real number.</summary>
    public static implicit operator Scalar(float value) => (double)value;

    /// <summary>A real number.</summary>
    public static implicit operator Scalar(Half value) => (double)value;

    /// <summary>A whole number.</summary>
    public static implicit operator Scalar(long value) => new(new Number { Kind = Number.Integer, IntegerValue = value });

    /// <summary>A whole number.</summary>
    public static implicit operator Scalar(int value) => (long)value;

    /// <summary>A whole number.</summary>
    public static implicit operator Scalar(short value) => (long)value;

    /// <summary>A whole number.</summary>
    public static implicit operator Scalar(sbyte value) => (long)value;

    /// <summary>A whole number.</summary>
    public static implicit operator Scalar(byte value) => (long)value;

    /// <summary>A truth value.</summary>
    public static implicit operator Scalar(bool value) => new(new Number { Kind = Number.Boolean, IntegerValue = value ? 1 : 0 });
}
