using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>One element of an index expression, as in Python's <c>x[..., 1:5, None, 0]</c>.</summary>
    public struct TensorIndex
    {
        private IndexTerm term;
        private Tensor? values;

        /// <summary>All remaining dimensions.</summary>
        public static readonly TensorIndex Ellipsis = Of(IndexTerm.Ellipsis);

        /// <summary>A new dimension of size 1.</summary>
        public static readonly TensorIndex None = Of(IndexTerm.None);

        /// <inheritdoc cref="None"/>
        public static readonly TensorIndex Null = Of(IndexTerm.None);

        /// <summary>All of a dimension.</summary>
        public static readonly TensorIndex Colon = Slice();

        /// <summary>One index, whose dimension goes away; negative counts from the end.</summary>
        public static TensorIndex Single(long? index) => Of(IndexTerm.Single, index ?? 0);

        /// <summary>A truth value: a new dimension of size 1 or 0.</summary>
        public static TensorIndex Bool(bool value) => Of(IndexTerm.Boolean, value ? 1 : 0);

        /// <summary>Indices or a mask.</summary>
        public static TensorIndex Tensor(Tensor tensor) =>
            new() { term = new IndexTerm { Kind = IndexTerm.Tensor }, values = tensor };

        /// <summary>Every step-th index of [start, stop); negative bounds count from the end.</summary>
        public static TensorIndex Slice(long? start = null, long? stop = null, long? step = null) => new()
        {
            term = new IndexTerm
            {
                Kind = IndexTerm.Slice,
                Start = start ?? IndexTerm.Unbounded,
                Stop = stop ?? IndexTerm.Unbounded,
                Step = step ?? IndexTerm.Unbounded,
            },
        };

        /// <summary>The indices of a range.</summary>
        public static TensorIndex Slice(Range range) => Slice(
            range.Start.IsFromEnd ? -range.Start.Value : range.Start.Value,
            range.End.Equals(Index.End) ? null : range.End.IsFromEnd ? -range.End.Value : range.End.Value);

        /// <inheritdoc cref="Single"/>
        public static implicit operator TensorIndex(long value) => Single(value);

        /// <inheritdoc cref="Single"/>
        public static implicit operator TensorIndex(Index index) => Single(index.IsFromEnd ? -index.Value : index.Value);

        /// <inheritdoc cref="Slice(Range)"/>
        public static implicit operator TensorIndex(Range range) => Slice(range);

        /// <summary>Writes the terms as the C ABI takes them; the caller keeps the indices alive over the call.</summary>
        internal static void Write(ReadOnlySpan<TensorIndex> indices, Span<IndexTerm> terms)
        {
            for (var i = 0; i < indices.Length; i++)
            {
                terms[i] = indices[i].term;
                if (indices[i].values is { } tensor) terms[i].Values = tensor.Handle;
            }
        }

        private static TensorIndex Of(int kind, long start = 0) => new() { term = new IndexTerm { Kind = kind, Start = start } };
    }
}
