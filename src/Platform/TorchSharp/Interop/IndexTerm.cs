using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>One element of an index expression; the layout of <c>IndexTerm</c> in <c>native/torch/index.cpp</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IndexTerm
{
    internal const int None = 0;
    internal const int Ellipsis = 1;
    internal const int Boolean = 2;
    internal const int Single = 3;
    internal const int Slice = 4;
    internal const int Tensor = 5;

    /// <summary>Marks a bound of a slice that is not given.</summary>
    internal const long Unbounded = long.MinValue;

    internal int Kind;
    internal long Start;
    internal long Stop;
    internal long Step;
    internal nint Values;
}
