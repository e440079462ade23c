using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>An argument of a TorchScript method; the layout of <c>Value</c> in <c>native/torch/jit.cpp</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ScriptValue
{
    internal const int None = 0;
    internal const int Tensor = 1;
    internal const int Number = 2;
    internal const int Tensors = 3;

    internal int Kind;
    internal nint Single;
    internal nint Many;
    internal int Count;
    internal Number Scalar;
}
