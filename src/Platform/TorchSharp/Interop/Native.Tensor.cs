using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Imports of <c>native/torch/tensor.cpp</c>.</summary>
internal static partial class Native
{
    [LibraryImport(Library)]
    internal static partial int atorch_free(nint self);

    [LibraryImport(Library)]
    internal static partial int atorch_dim(TensorHandle self, out long result);

    [LibraryImport(Library)]
    internal static partial int atorch_sizes(TensorHandle self, Span<long> result, int capacity, out int count);

    [LibraryImport(Library)]
    internal static partial int atorch_strides(TensorHandle self, Span<long> result, int capacity, out int count);

    [LibraryImport(Library)]
    internal static partial int atorch_size(TensorHandle self, long dim, out long result);

    [LibraryImport(Library)]
    internal static partial int atorch_stride(TensorHandle self, long dim, out long result);

    [LibraryImport(Library)]
    internal static partial int atorch_numel(TensorHandle self, out long result);

    [LibraryImport(Library)]
    internal static partial int atorch_element_size(TensorHandle self, out long result);

    [LibraryImport(Library)]
    internal static partial int atorch_storage_offset(TensorHandle self, out long result);

    [LibraryImport(Library)]
    internal static partial int atorch_dtype(TensorHandle self, out int result);

    [LibraryImport(Library)]
    internal static partial int atorch_device(TensorHandle self, out int type, out int index);

    [LibraryImport(Library)]
    internal static partial int atorch_data(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_is_contiguous(TensorHandle self, out Flag result);

    [LibraryImport(Library)]
    internal static partial int atorch_is_pinned(TensorHandle self, out Flag result);

    [LibraryImport(Library)]
    internal static partial int atorch_item(TensorHandle self, out Number result);

    [LibraryImport(Library)]
    internal static partial int atorch_alias(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_clone(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_contiguous(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_pin_memory(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_copy_(TensorHandle self, TensorHandle source, Flag nonBlocking);

    [LibraryImport(Library)]
    internal static partial int atorch_to(TensorHandle self, int dtype, int deviceType, int deviceIndex, Flag nonBlocking,
        Flag copy, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_fill_(TensorHandle self, Number value);

    [LibraryImport(Library)]
    internal static partial int atorch_zero_(TensorHandle self);

    [LibraryImport(Library)]
    internal static partial int atorch_list_count(nint list, out int result);

    [LibraryImport(Library)]
    internal static partial int atorch_list_take(nint list, int index, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_list_free(nint list);
}
