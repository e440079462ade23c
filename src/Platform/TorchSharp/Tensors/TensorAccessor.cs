using System.Collections;
using System.Runtime.InteropServices;

// CA2201: an indexer that leaves its bounds throws what arrays throw, as TorchSharp's accessor does.
#pragma warning disable CA2201

namespace TorchSharp.Utils;

/// <summary>The elements of a host tensor in logical (row-major) order, whatever its strides. Writes go to the tensor.</summary>
public sealed class TensorAccessor<T> : IDisposable, IEnumerable<T> where T : unmanaged
{
    private readonly torch.Tensor tensor;
    private readonly long[] shape;
    private readonly long[] strides;
    private readonly bool contiguous;

    internal TensorAccessor(torch.Tensor tensor)
    {
        this.tensor = tensor;
        shape = tensor.shape;
        strides = tensor.stride();
        contiguous = tensor.is_contiguous();
        Count = tensor.NumberOfElements;
    }

    /// <summary>The number of elements.</summary>
    public long Count { get; }

    /// <summary>False: the accessor writes through.</summary>
    public bool IsReadOnly => false;

    /// <summary>The element at one index per dimension; a single index counts all elements in logical order.</summary>
    /// <exception cref="IndexOutOfRangeException">An index is outside of its dimension.</exception>
    public unsafe T this[params long[] indices]
    {
        get => tensor.Pointer<T>()[Offset(indices)];
        set => tensor.Pointer<T>()[Offset(indices)] = value;
    }

    /// <summary>A copy of all elements.</summary>
    public T[] ToArray()
    {
        var array = new T[Count];
        CopyTo(array);
        return array;
    }

    /// <summary>Copies elements, from <paramref name="tensorIndex"/> on, until either side is exhausted.</summary>
    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyTo(array.AsSpan(), arrayIndex, tensorIndex);

    /// <inheritdoc cref="CopyTo(T[], int, long)"/>
    public unsafe void CopyTo(Span<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var source = tensor.Pointer<T>();
        var count = (int)Math.Min(array.Length - arrayIndex, Count - tensorIndex);
        if (contiguous)
        {
            new ReadOnlySpan<T>(source + tensorIndex, count).CopyTo(array[arrayIndex..]);
            return;
        }
        for (var i = 0; i < count; i++) array[arrayIndex + i] = source[OffsetOf(tensorIndex + i)];
    }

    /// <summary>Writes elements, to <paramref name="tensorIndex"/> on, until either side is exhausted.</summary>
    public void CopyFrom(T[] array, int arrayIndex = 0, long tensorIndex = 0) =>
        CopyFrom((ReadOnlySpan<T>)array, arrayIndex, tensorIndex);

    /// <inheritdoc cref="CopyFrom(T[], int, long)"/>
    public unsafe void CopyFrom(ReadOnlySpan<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var target = tensor.Pointer<T>();
        var count = (int)Math.Min(array.Length - arrayIndex, Count - tensorIndex);
        if (contiguous)
        {
            array.Slice(arrayIndex, count).CopyTo(new Span<T>(target + tensorIndex, count));
            return;
        }
        for (var i = 0; i < count; i++) target[OffsetOf(tensorIndex + i)] = array[arrayIndex + i];
    }

    /// <summary>The elements, copied once.</summary>
    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)ToArray()).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Nothing: the tensor owns the memory.</summary>
    public void Dispose()
    {
    }

    private long Offset(long[] indices)
    {
        if (indices.Length == 1)
        {
            if ((ulong)indices[0] >= (ulong)Count) throw new IndexOutOfRangeException($"index {indices[0]} of {Count} elements");
            return OffsetOf(indices[0]);
        }
        if (indices.Length != shape.Length)
            throw new ArgumentException($"{indices.Length} indices into {shape.Length} dimensions", nameof(indices));
        long offset = 0;
        for (var i = 0; i < indices.Length; i++)
        {
            if ((ulong)indices[i] >= (ulong)shape[i])
                throw new IndexOutOfRangeException($"index {indices[i]} of {shape[i]} in dimension {i}");
            offset += indices[i] * strides[i];
        }
        return offset;
    }

    private long OffsetOf(long element)
    {
        long offset = 0;
        for (var i = shape.Length - 1; i >= 0; i--)
        {
            offset += element % shape[i] * strides[i];
            element /= shape[i];
        }
        return offset;
    }
}
