using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Imports of <c>native/torch/index.cpp</c>.</summary>
internal static partial class Native
{
    [LibraryImport(Library)]
    internal static partial int atorch_narrow(TensorHandle self, long dim, long start, long length, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_select(TensorHandle self, long dim, long index, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_slice(TensorHandle self, long dim, long start, long end, long step, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_index_select(TensorHandle self, long dim, TensorHandle index, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_gather(TensorHandle self, long dim, TensorHandle index, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_scatter(TensorHandle self, long dim, TensorHandle index, TensorHandle source,
        out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_scatter_(TensorHandle self, long dim, TensorHandle index, TensorHandle source);

    [LibraryImport(Library)]
    internal static partial int atorch_scatter_add(TensorHandle self, long dim, TensorHandle index, TensorHandle source,
        out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_scatter_add_(TensorHandle self, long dim, TensorHandle index, TensorHandle source);

    [LibraryImport(Library)]
    internal static partial int atorch_index_copy(TensorHandle self, long dim, TensorHandle index, TensorHandle source,
        out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_index_copy_(TensorHandle self, long dim, TensorHandle index, TensorHandle source);

    [LibraryImport(Library)]
    internal static partial int atorch_index_add(TensorHandle self, long dim, TensorHandle index, TensorHandle source,
        Number alpha, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_index_add_(TensorHandle self, long dim, TensorHandle index, TensorHandle source,
        Number alpha);

    [LibraryImport(Library)]
    internal static partial int atorch_masked_select(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_take(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_nonzero(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_searchsorted(TensorHandle sequence, TensorHandle values, Flag outInt32, Flag right,
        TensorHandle sorter, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_index(TensorHandle self, ReadOnlySpan<IndexTerm> terms, int count, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_index_put_(TensorHandle self, ReadOnlySpan<IndexTerm> terms, int count,
        TensorHandle value);

    [LibraryImport(Library)]
    internal static partial int atorch_index_put__scalar(TensorHandle self, ReadOnlySpan<IndexTerm> terms, int count,
        Number value);
}
