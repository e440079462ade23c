using TorchSharp.Interop;
using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>The largest element.</summary>
        public Tensor max() => Own(atorch_max(handle, out var result), result);

        /// <inheritdoc cref="maximum"/>
        public Tensor max(Tensor other) => maximum(other);

        /// <summary>The largest elements along a dimension, and where they are.</summary>
        public (Tensor values, Tensor indexes) max(long dim, bool keepdim = false) =>
            Own(atorch_max_dim(handle, dim, keepdim, out var values, out var indices), values, indices);

        /// <summary>The smallest element.</summary>
        public Tensor min() => Own(atorch_min(handle, out var result), result);

        /// <inheritdoc cref="minimum"/>
        public Tensor min(Tensor other) => minimum(other);

        /// <summary>The smallest elements along a dimension, and where they are.</summary>
        public (Tensor values, Tensor indexes) min(long dim, bool keepdim = false) =>
            Own(atorch_min_dim(handle, dim, keepdim, out var values, out var indices), values, indices);

        /// <summary>The largest elements along dimensions; gradients are shared between equal ones.</summary>
        /// <param name="dims">The dimensions.</param>
        /// <param name="keepdim">Whether they stay, with size 1.</param>
        /// <param name="out">Where to write, instead of a new tensor.</param>
        public Tensor amax(ReadOnlySpan<long> dims, bool keepdim = false, Tensor? @out = null)
        {
            Check(atorch_amax(handle, dims, dims.Length, keepdim, TensorHandle.Of(@out), out var result));
            return @out ?? new Tensor(result);
        }

        /// <inheritdoc cref="amax(ReadOnlySpan{long}, bool, Tensor)"/>
        public Tensor amax(long[] dims, bool keepdim = false, Tensor? @out = null) => amax((ReadOnlySpan<long>)dims, keepdim, @out);

        /// <inheritdoc cref="amax(ReadOnlySpan{long}, bool, Tensor)"/>
        public Tensor amax(params long[] dims) => amax((ReadOnlySpan<long>)dims);

        /// <summary>The smallest elements along dimensions; gradients are shared between equal ones.</summary>
        /// <param name="dims">The dimensions.</param>
        /// <param name="keepdim">Whether they stay, with size 1.</param>
        /// <param name="out">Where to write, instead of a new tensor.</param>
        public Tensor amin(ReadOnlySpan<long> dims, bool keepdim = false, Tensor? @out = null)
        {
            Check(atorch_amin(handle, dims, dims.Length, keepdim, TensorHandle.Of(@out), out var result));
            return @out ?? new Tensor(result);
        }

        /// <inheritdoc cref="amin(ReadOnlySpan{long}, bool, Tensor)"/>
        public Tensor amin(long[] dims, bool keepdim = false, Tensor? @out = null) => amin((ReadOnlySpan<long>)dims, keepdim, @out);

        /// <inheritdoc cref="amin(ReadOnlySpan{long}, bool, Tensor)"/>
        public Tensor amin(params long[] dims) => amin((ReadOnlySpan<long>)dims);

        /// <summary>Where the largest of all elements is, in logical order.</summary>
        public unsafe Tensor argmax() => Own(atorch_argmax(handle, null, false, out var result), result);

        /// <summary>Where the largest elements along a dimension are.</summary>
        public unsafe Tensor argmax(long dim, bool keepdim = false) =>
            Own(atorch_argmax(handle, &dim, keepdim, out var result), result);

        /// <summary>Where the smallest of all elements is, in logical order.</summary>
        public unsafe Tensor argmin() => Own(atorch_argmin(handle, null, false, out var result), result);

        /// <summary>Where the smallest elements along a dimension are.</summary>
        public unsafe Tensor argmin(long dim, bool keepdim = false) =>
            Own(atorch_argmin(handle, &dim, keepdim, out var result), result);

        /// <summary>The middle element; of an even number, the lower one.</summary>
        public Tensor median() => Own(atorch_median(handle, out var result), result);

        /// <summary>The elements in order along a dimension, and where they were.</summary>
        public (Tensor Values, Tensor Indices) sort(long dim = -1, bool descending = false, bool stable = false) =>
            Own(atorch_sort(handle, dim, descending, stable, out var values, out var indices), values, indices);

        /// <summary>Where the elements of the order along a dimension are.</summary>
        public Tensor argsort(long dim = -1, bool descending = false) =>
            Own(atorch_argsort(handle, dim, descending, out var result), result);

        /// <summary>The k largest (or smallest) elements along a dimension, and where they are.</summary>
        public (Tensor values, Tensor indexes) topk(int k, int dim = -1, bool largest = true, bool sorted = true) =>
            Own(atorch_topk(handle, k, dim, largest, sorted, out var values, out var indices), values, indices);

        /// <summary>The k-th smallest elements (from 1) along a dimension, the last one if not given, and where they are.</summary>
        public (Tensor values, Tensor indices) kthvalue(long k, long? dim, bool keepdim = false) =>
            Own(atorch_kthvalue(handle, k, dim ?? -1, keepdim, out var values, out var indices), values, indices);

        /// <summary>Quantiles along a dimension, interpolated linearly.</summary>
        /// <param name="q">Fractions of [0, 1], of this tensor's dtype: one, or a vector of them.</param>
        /// <param name="dim">The dimension.</param>
        /// <param name="keepdim">Whether the dimension stays, with size 1.</param>
        public Tensor quantile(Tensor q, long dim = -1, bool keepdim = false) =>
            Own(atorch_quantile(handle, q.handle, dim, keepdim, out var result), result);
    }
}
