namespace TorchSharp;

/// <summary>Between .NET's numbers and <see cref="Scalar"/>.</summary>
public static class ScalarExtensionMethods
{
    /// <summary>A real number.</summary>
    public static Scalar ToScalar(this double value) => value;

    /// <summary>A real number.</summary>
    public static Scalar ToScalar(this float value) => value;

    /// <summary>A whole number.</summary>
    public static Scalar ToScalar(this long value) => value;

    /// <summary>A whole number.</summary>
    public static Scalar ToScalar(this int value) => value;

    /// <summary>A whole number.</summary>
    public static Scalar ToScalar(this byte value) => value;

    /// <summary>A truth value.</summary>
    public static Scalar ToScalar(this bool value) => value;

    /// <summary>The number in double precision.</summary>
    public static double ToDouble(this Scalar value) => value.Value.AsDouble;

    /// <summary>The number in single precision.</summary>
    public static float ToSingle(this Scalar value) => (float)value.Value.AsDouble;

    /// <summary>The number in half precision.</summary>
    public static Half ToHalf(this Scalar value) => (Half)value.Value.AsDouble;

    /// <summary>The number as a whole one; a fraction is cut off.</summary>
    public static long ToInt64(this Scalar value) => value.Value.AsInt64;

    /// <summary>The number as a whole one; a fraction is cut off.</summary>
    public static int ToInt32(this Scalar value) => (int)value.Value.AsInt64;

    /// <summary>The number as a whole one; a fraction is cut off.</summary>
    public static byte ToByte(this Scalar value) => (byte)value.Value.AsInt64;

    /// <summary>Whether the number is not zero.</summary>
    public static bool ToBoolean(this Scalar value) => value.Value.AsBoolean;
}
