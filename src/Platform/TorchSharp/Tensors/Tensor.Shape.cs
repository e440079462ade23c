using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>A view with another shape; one size may be −1. The strides must allow it.</summary>
        public Tensor view(params long[] shape) => Own(atorch_view(handle, shape, shape.Length, out var result), result);

        /// <summary>A view with the other's shape.</summary>
        public Tensor view_as(Tensor other) => Own(atorch_view_as(handle, other.handle, out var result), result);

        /// <summary>A view with another shape if the strides allow it, else a copy; one size may be −1.</summary>
        public Tensor reshape(params long[] shape) => Own(atorch_reshape(handle, shape, shape.Length, out var result), result);

        /// <summary>Dimensions start_dim to end_dim made one.</summary>
        public Tensor flatten(long start_dim = 0, long end_dim = -1) =>
            Own(atorch_flatten(handle, start_dim, end_dim, out var result), result);

        /// <summary>A dimension split into several.</summary>
        public Tensor unflatten(long dim, params long[] sizes) =>
            Own(atorch_unflatten(handle, dim, sizes, sizes.Length, out var result), result);

        /// <summary>A view without a dimension of size 1, or without all of them.</summary>
        public unsafe Tensor squeeze(long? dim = null)
        {
            var value = dim.GetValueOrDefault();
            return Own(atorch_squeeze(handle, dim is null ? null : &value, out var result), result);
        }

        /// <inheritdoc cref="squeeze"/>
        /// <remarks>In place.</remarks>
        public unsafe Tensor squeeze_(long? dim = null)
        {
            var value = dim.GetValueOrDefault();
            return After(atorch_squeeze_(handle, dim is null ? null : &value));
        }

        /// <summary>A view with a dimension of size 1 inserted.</summary>
        public Tensor unsqueeze(long dim) => Own(atorch_unsqueeze(handle, dim, out var result), result);

        /// <inheritdoc cref="unsqueeze"/>
        /// <remarks>In place.</remarks>
        public Tensor unsqueeze_(long dim) => After(atorch_unsqueeze_(handle, dim));

        /// <summary>A view with dimensions in another order.</summary>
        public Tensor permute(params long[] permutation) =>
            Own(atorch_permute(handle, permutation, permutation.Length, out var result), result);

        /// <summary>A view with two dimensions exchanged.</summary>
        public Tensor transpose(long dim0, long dim1) => Own(atorch_transpose(handle, dim0, dim1, out var result), result);

        /// <inheritdoc cref="transpose"/>
        public Tensor swapaxes(long dim0, long dim1) => transpose(dim0, dim1);

        /// <summary>A matrix transposed; vectors stay.</summary>
        public Tensor t() => Own(atorch_t(handle, out var result), result);

        /// <summary>A view with all dimensions in reverse order.</summary>
        public Tensor T
        {
            get
            {
                Span<long> order = stackalloc long[(int)ndim];
                for (var i = 0; i < order.Length; i++) order[i] = order.Length - 1 - i;
                return Own(atorch_permute(handle, order, order.Length, out var result), result);
            }
        }

        /// <summary>A view of matrices with rows and columns exchanged.</summary>
        public Tensor mT => transpose(-2, -1);

        /// <summary>A view with dimensions moved to other places; the rest keep their order.</summary>
        public Tensor movedim(long[] source, long[] destination) =>
            Own(atorch_movedim(handle, source, source.Length, destination, destination.Length, out var result), result);

        /// <summary>A view with dimensions of size 1 repeated without memory; −1 keeps a size.</summary>
        public Tensor expand(ReadOnlySpan<long> sizes, bool isImplicit = false) =>
            Own(atorch_expand(handle, sizes, sizes.Length, isImplicit, out var result), result);

        /// <summary>A view with dimensions of size 1 repeated without memory; −1 keeps a size.</summary>
        public Tensor expand(long[] sizes, bool isImplicit = false) => expand((ReadOnlySpan<long>)sizes, isImplicit);

        /// <summary>A view with dimensions of size 1 repeated without memory; −1 keeps a size.</summary>
        public Tensor expand(params long[] sizes) => expand((ReadOnlySpan<long>)sizes);

        /// <summary>A view with dimensions of size 1 repeated to the other's shape.</summary>
        public Tensor expand_as(Tensor other) => Own(atorch_expand_as(handle, other.handle, out var result), result);

        /// <summary>A view broadcast to a shape.</summary>
        public Tensor broadcast_to(params long[] shape) =>
            Own(atorch_broadcast_to(handle, shape, shape.Length, out var result), result);

        /// <summary>Copies laid side by side along each dimension.</summary>
        public Tensor repeat(params long[] sizes) => Own(atorch_repeat(handle, sizes, sizes.Length, out var result), result);

        /// <summary>Each element repeated, along a dimension or of the flattened tensor.</summary>
        public unsafe Tensor repeat_interleave(long repeats, long? dim = null, long? output_size = null)
        {
            var value = dim.GetValueOrDefault();
            return Own(atorch_repeat_interleave(handle, repeats, dim is null ? null : &value, out var result), result);
        }

        /// <summary>Each element repeated its own number of times, along a dimension or of the flattened tensor.</summary>
        public unsafe Tensor repeat_interleave(Tensor repeats, long? dim = null, long? output_size = null)
        {
            var value = dim.GetValueOrDefault();
            return Own(atorch_repeat_interleave_tensor(handle, repeats.handle, dim is null ? null : &value, out var result), result);
        }

        /// <summary>A copy with the order along dimensions reversed.</summary>
        public Tensor flip(params long[] dims) => Own(atorch_flip(handle, dims, dims.Length, out var result), result);

        /// <summary>A copy shifted cyclically along a dimension, or flattened.</summary>
        public Tensor roll(long shifts, long? dims = null) => dims is { } dim
            ? Own(atorch_roll(handle, [shifts], 1, [dim], 1, out var result), result)
            : Own(atorch_roll(handle, [shifts], 1, [], 0, out result), result);

        /// <summary>A copy shifted cyclically along dimensions.</summary>
        public Tensor roll(long[] shifts, long[] dims) =>
            Own(atorch_roll(handle, shifts, shifts.Length, dims, dims.Length, out var result), result);

        /// <summary>Zero above a diagonal.</summary>
        public Tensor tril(long diagonal = 0) => Own(atorch_tril(handle, diagonal, out var result), result);

        /// <summary>Zero below a diagonal.</summary>
        public Tensor triu(long diagonal = 0) => Own(atorch_triu(handle, diagonal, out var result), result);

        /// <summary>A vector as a diagonal matrix, or a matrix's diagonal.</summary>
        public Tensor diag(long diagonal = 0) => Own(atorch_diag(handle, diagonal, out var result), result);

        /// <summary>A view of the diagonal of two dimensions.</summary>
        public Tensor diagonal(long offset = 0, long dim1 = 0, long dim2 = 1) =>
            Own(atorch_diagonal(handle, offset, dim1, dim2, out var result), result);

        /// <summary>Vectors as the diagonals of matrices.</summary>
        public Tensor diag_embed(long offset = 0, long dim1 = -2, long dim2 = -1) =>
            Own(atorch_diag_embed(handle, offset, dim1, dim2, out var result), result);

        /// <summary>A view of all windows along a dimension, as a new last one.</summary>
        public Tensor unfold(long dimension, long size, long step) =>
            Own(atorch_unfold(handle, dimension, size, step, out var result), result);

        /// <summary>A view with given sizes, strides and offset into the storage, in elements.</summary>
        public Tensor as_strided(long[] size, long[] strides, long storageOffset = 0) =>
            Own(atorch_as_strided(handle, size, size.Length, strides, strides.Length, storageOffset, out var result), result);

        /// <summary>Views of pieces of the given size; the last may be smaller.</summary>
        public Tensor[] split(long size, int dim = 0) => OwnList(atorch_split(handle, size, dim, out var list), list);

        /// <summary>Views of pieces of the given sizes.</summary>
        public Tensor[] split(long[] sizes, long dim = 0) => split((ReadOnlySpan<long>)sizes, dim);

        /// <summary>Views of pieces of the given sizes.</summary>
        public Tensor[] split(ReadOnlySpan<long> sizes, long dim = 0) =>
            OwnList(atorch_split_sizes(handle, sizes, sizes.Length, dim, out var list), list);

        /// <summary>Views of about equal pieces, at most as many as asked for.</summary>
        public Tensor[] chunk(long chunks, long dim = 0) => OwnList(atorch_chunk(handle, chunks, dim, out var list), list);

        /// <summary>Views of all slices along a dimension, without it.</summary>
        public Tensor[] unbind(long dimension = 0) => OwnList(atorch_unbind(handle, dimension, out var list), list);
    }
}
