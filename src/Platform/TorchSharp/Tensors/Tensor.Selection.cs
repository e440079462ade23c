using TorchSharp.Interop;
using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>A view of a range along a dimension.</summary>
        public Tensor narrow(long dim, long start, long length) =>
            Own(atorch_narrow(handle, dim, start, length, out var result), result);

        /// <summary>A view at one index along a dimension, without it.</summary>
        public Tensor select(long dim, long index) => Own(atorch_select(handle, dim, index, out var result), result);

        /// <summary>A view of every step-th index of [start, finish) along a dimension.</summary>
        public Tensor slice(long dim, long start, long finish, long step) =>
            Own(atorch_slice(handle, dim, start, finish, step, out var result), result);

        /// <summary>A copy of the given indices along a dimension.</summary>
        public Tensor index_select(long dim, Tensor index) =>
            Own(atorch_index_select(handle, dim, index.handle, out var result), result);

        /// <summary>For each place of <paramref name="index"/>, the element whose index along the dimension is given there.</summary>
        public Tensor gather(long dim, Tensor index) => Own(atorch_gather(handle, dim, index.handle, out var result), result);

        /// <summary>A copy with elements of src written where the index says.</summary>
        public Tensor scatter(long dim, Tensor index, Tensor src) =>
            Own(atorch_scatter(handle, dim, index.handle, src.handle, out var result), result);

        /// <inheritdoc cref="scatter"/>
        /// <remarks>In place.</remarks>
        public Tensor scatter_(long dim, Tensor index, Tensor src) => After(atorch_scatter_(handle, dim, index.handle, src.handle));

        /// <summary>A copy with elements of src added where the index says.</summary>
        public Tensor scatter_add(long dim, Tensor index, Tensor src) =>
            Own(atorch_scatter_add(handle, dim, index.handle, src.handle, out var result), result);

        /// <inheritdoc cref="scatter_add"/>
        /// <remarks>In place.</remarks>
        public Tensor scatter_add_(long dim, Tensor index, Tensor src) =>
            After(atorch_scatter_add_(handle, dim, index.handle, src.handle));

        /// <summary>A copy with alpha · source added at the given indices along a dimension.</summary>
        public Tensor index_add(long dim, Tensor index, Tensor source, Scalar alpha) =>
            Own(atorch_index_add(handle, dim, index.handle, source.handle, Number.Of(alpha), out var result), result);

        /// <inheritdoc cref="index_add"/>
        /// <remarks>In place.</remarks>
        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha) =>
            After(atorch_index_add_(handle, dim, index.handle, source.handle, Number.Of(alpha)));

        /// <summary>A copy with source written at the given indices along a dimension.</summary>
        public Tensor index_copy(long dim, Tensor index, Tensor source) =>
            Own(atorch_index_copy(handle, dim, index.handle, source.handle, out var result), result);

        /// <inheritdoc cref="index_copy"/>
        /// <remarks>In place.</remarks>
        public Tensor index_copy_(long dim, Tensor index, Tensor source) =>
            After(atorch_index_copy_(handle, dim, index.handle, source.handle));

        /// <summary>The elements where the mask holds, as a vector.</summary>
        public Tensor masked_select(Tensor mask) => Own(atorch_masked_select(handle, mask.handle, out var result), result);

        /// <summary>The elements at indices into the flattened tensor.</summary>
        public Tensor take(Tensor index) => Own(atorch_take(handle, index.handle, out var result), result);

        /// <summary>The indices of elements that are not zero, one row each.</summary>
        public Tensor nonzero() => Own(atorch_nonzero(handle, out var result), result);
    }
}
