using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Imports of <c>native/torch/shape.cpp</c>.</summary>
internal static partial class Native
{
    [LibraryImport(Library)]
    internal static partial int atorch_view(TensorHandle self, ReadOnlySpan<long> values, int count, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_reshape(TensorHandle self, ReadOnlySpan<long> values, int count, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_permute(TensorHandle self, ReadOnlySpan<long> values, int count, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_repeat(TensorHandle self, ReadOnlySpan<long> values, int count, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_flip(TensorHandle self, ReadOnlySpan<long> values, int count, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_broadcast_to(TensorHandle self, ReadOnlySpan<long> values, int count, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_expand(TensorHandle self, ReadOnlySpan<long> sizes, int count, Flag isImplicit,
        out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_expand_as(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_view_as(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_t(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_flatten(TensorHandle self, long start, long end, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_unflatten(TensorHandle self, long dim, ReadOnlySpan<long> sizes, int count,
        out nint result);

    [LibraryImport(Library)]
    internal static unsafe partial int atorch_squeeze(TensorHandle self, long* dim, out nint result);

    [LibraryImport(Library)]
    internal static unsafe partial int atorch_squeeze_(TensorHandle self, long* dim);

    [LibraryImport(Library)]
    internal static partial int atorch_unsqueeze(TensorHandle self, long dim, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_unsqueeze_(TensorHandle self, long dim);

    [LibraryImport(Library)]
    internal static partial int atorch_transpose(TensorHandle self, long dim0, long dim1, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_movedim(TensorHandle self, ReadOnlySpan<long> source, int sourceCount,
        ReadOnlySpan<long> destination, int destinationCount, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_roll(TensorHandle self, ReadOnlySpan<long> shifts, int shiftCount,
        ReadOnlySpan<long> dims, int dimCount, out nint result);

    [LibraryImport(Library)]
    internal static unsafe partial int atorch_repeat_interleave(TensorHandle self, long repeats, long* dim, out nint result);

    [LibraryImport(Library)]
    internal static unsafe partial int atorch_repeat_interleave_tensor(TensorHandle self, TensorHandle repeats, long* dim,
        out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_tril(TensorHandle self, long diagonal, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_triu(TensorHandle self, long diagonal, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_diag(TensorHandle self, long diagonal, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_diagonal(TensorHandle self, long offset, long dim1, long dim2, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_diag_embed(TensorHandle self, long offset, long dim1, long dim2, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_unfold(TensorHandle self, long dimension, long size, long step, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_as_strided(TensorHandle self, ReadOnlySpan<long> sizes, int sizeCount,
        ReadOnlySpan<long> strides, int strideCount, long offset, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_split(TensorHandle self, long size, long dim, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_split_sizes(TensorHandle self, ReadOnlySpan<long> sizes, int count, long dim,
        out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_chunk(TensorHandle self, long chunks, long dim, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_unbind(TensorHandle self, long dim, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_cat(ReadOnlySpan<nint> tensors, int count, long dim, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_stack(ReadOnlySpan<nint> tensors, int count, long dim, out nint result);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int atorch_meshgrid(ReadOnlySpan<nint> tensors, int count, string indexing, out nint result);
}
