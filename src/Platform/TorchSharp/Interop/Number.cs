using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>A scalar as the C ABI takes it; the layout of <c>Number</c> in <c>native/torch/abi.h</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Number
{
    internal const int None = 0;
    internal const int Boolean = 1;
    internal const int Integer = 2;
    internal const int Real = 3;

    internal long IntegerValue;
    internal double RealValue;
    internal int Kind;

    internal static Number Of(Scalar? scalar) => scalar?.Value ?? default;

    internal static Number Of(double? value) =>
        value is { } real ? new Number { Kind = Real, RealValue = real } : default;

    internal readonly double AsDouble => Kind == Real ? RealValue : IntegerValue;

    /// <remarks>Truncates, as libtorch's conversion of a real scalar does.</remarks>
    internal readonly long AsInt64 => Kind == Real ? (long)RealValue : IntegerValue;

    internal readonly bool AsBoolean => Kind == Real ? RealValue != 0 : IntegerValue != 0;
}
