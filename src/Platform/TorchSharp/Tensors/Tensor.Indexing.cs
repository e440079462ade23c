using TorchSharp.Interop;
using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>Python's indexing: ranges, ellipsis, new dimensions, indices and tensors of indices.</summary>
        public Tensor this[params TensorIndex[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        /// <summary>Elements at tensors of indices or masks, one per dimension.</summary>
        public Tensor this[params Tensor[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        /// <summary>A view at one index of the first dimension; negative counts from the end.</summary>
        public Tensor this[long i1]
        {
            get => index(TensorIndex.Single(i1));
            set => index_put_(value, TensorIndex.Single(i1));
        }

        /// <summary>A view at one index of each of the first two dimensions.</summary>
        public Tensor this[long i1, long i2]
        {
            get => index(TensorIndex.Single(i1), TensorIndex.Single(i2));
            set => index_put_(value, TensorIndex.Single(i1), TensorIndex.Single(i2));
        }

        /// <summary>A view at one index of each of the first three dimensions.</summary>
        public Tensor this[long i1, long i2, long i3]
        {
            get => index(TensorIndex.Single(i1), TensorIndex.Single(i2), TensorIndex.Single(i3));
            set => index_put_(value, TensorIndex.Single(i1), TensorIndex.Single(i2), TensorIndex.Single(i3));
        }

        /// <summary>A view at one index of each of the first four dimensions.</summary>
        public Tensor this[long i1, long i2, long i3, long i4]
        {
            get => index(TensorIndex.Single(i1), TensorIndex.Single(i2), TensorIndex.Single(i3), TensorIndex.Single(i4));
            set => index_put_(value, TensorIndex.Single(i1), TensorIndex.Single(i2), TensorIndex.Single(i3), TensorIndex.Single(i4));
        }

        /// <summary>Python's indexing; a view unless a tensor of indices takes part.</summary>
        public Tensor index(params TensorIndex[] indices)
        {
            Span<IndexTerm> terms = stackalloc IndexTerm[indices.Length];
            TensorIndex.Write(indices, terms);
            var result = Own(atorch_index(handle, terms, terms.Length, out var pointer), pointer);
            GC.KeepAlive(indices);
            return result;
        }

        /// <summary>Elements at tensors of indices or masks, one per dimension.</summary>
        public Tensor index(params Tensor[] indices) => index(Array.ConvertAll(indices, TensorIndex.Tensor));

        /// <summary>Writes a tensor, with broadcasting, where the index says.</summary>
        public Tensor index_put_(Tensor value, params TensorIndex[] indices)
        {
            Span<IndexTerm> terms = stackalloc IndexTerm[indices.Length];
            TensorIndex.Write(indices, terms);
            Check(atorch_index_put_(handle, terms, terms.Length, value.handle));
            GC.KeepAlive(indices);
            return this;
        }

        /// <summary>Writes a number where the index says.</summary>
        public Tensor index_put_(Scalar value, params TensorIndex[] indices)
        {
            Span<IndexTerm> terms = stackalloc IndexTerm[indices.Length];
            TensorIndex.Write(indices, terms);
            Check(atorch_index_put__scalar(handle, terms, terms.Length, Number.Of(value)));
            GC.KeepAlive(indices);
            return this;
        }

        /// <summary>Writes a tensor, with broadcasting, at tensors of indices or masks.</summary>
        public Tensor index_put_(Tensor value, params Tensor[] indices) =>
            index_put_(value, Array.ConvertAll(indices, TensorIndex.Tensor));

        /// <summary>Writes a number at tensors of indices or masks.</summary>
        public Tensor index_put_(Scalar value, params Tensor[] indices) =>
            index_put_(value, Array.ConvertAll(indices, TensorIndex.Tensor));
    }
}
