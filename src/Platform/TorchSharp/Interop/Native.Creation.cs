using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Imports of <c>native/torch/creation.cpp</c>.</summary>
internal static partial class Native
{
    [LibraryImport(Library)]
    internal static partial int atorch_empty(ReadOnlySpan<long> sizes, int rank, int dtype, int deviceType, int deviceIndex,
        out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_empty_like(TensorHandle self, int dtype, int deviceType, int deviceIndex, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_zeros(ReadOnlySpan<long> sizes, int rank, int dtype, int deviceType, int deviceIndex,
        out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_zeros_like(TensorHandle self, int dtype, int deviceType, int deviceIndex, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_ones(ReadOnlySpan<long> sizes, int rank, int dtype, int deviceType, int deviceIndex,
        out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_ones_like(TensorHandle self, int dtype, int deviceType, int deviceIndex, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_full(ReadOnlySpan<long> sizes, int rank, Number value, int dtype, int deviceType,
        int deviceIndex, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_full_like(TensorHandle self, Number value, int dtype, int deviceType, int deviceIndex,
        out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_eye(long rows, long columns, int dtype, int deviceType, int deviceIndex, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_arange(Number start, Number stop, Number step, int dtype, int deviceType,
        int deviceIndex, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_linspace(double start, double end, long steps, int dtype, int deviceType,
        int deviceIndex, out nint result);
}
