using System.Runtime.InteropServices;
using Atelier.Storage.Safetensors;

namespace Atelier.Training.Pickles;

/// <summary>Numbers of one type in a row, as PyTorch stores them.</summary>
/// <param name="dtype">Their type.</param>
/// <param name="count">How many.</param>
internal sealed class TorchStorage(TensorDtype dtype, long count)
{
    private Func<ReadOnlyMemory<byte>>? _read;

    public TensorDtype Dtype => dtype;

    public long Count => count;

    /// <summary>Says where the numbers are; they are read when they are asked for.</summary>
    public void ReadFrom(Func<ReadOnlyMemory<byte>> read) => _read = read;

    /// <summary>The numbers, little-endian, [count].</summary>
    /// <exception cref="InvalidDataException">There are not as many as the pickle says.</exception>
    public ReadOnlyMemory<byte> Bytes()
    {
        var bytes = _read?.Invoke() ?? throw new InvalidDataException("the data of a tensor is missing");
        return bytes.Length == count * dtype.ElementBytes() ? bytes : throw new InvalidDataException(
            $"the storage of a tensor has {bytes.Length:#,0} bytes, but {count:#,0} numbers of {dtype} take {count * dtype.ElementBytes():#,0}");
    }

    /// <summary>The type of a storage's class (<c>torch.FloatStorage</c>), null for a name that is none.</summary>
    public static TensorDtype? TypeOf(string name) => name switch
    {
        "torch.FloatStorage" => TensorDtype.F32,
        "torch.DoubleStorage" => TensorDtype.F64,
        "torch.HalfStorage" => TensorDtype.F16,
        "torch.BFloat16Storage" => TensorDtype.BF16,
        "torch.LongStorage" => TensorDtype.I64,
        "torch.IntStorage" => TensorDtype.I32,
        "torch.ByteStorage" => TensorDtype.U8,
        "torch.BoolStorage" => TensorDtype.BOOL,
        _ => null,
    };
}

/// <summary>A view of a storage.</summary>
/// <param name="Storage">The numbers.</param>
/// <param name="Offset">The first one.</param>
/// <param name="Shape">Sizes.</param>
/// <param name="Stride">Numbers from one index to the next, per dimension; negative along reversed ones.</param>
internal sealed record TorchTensor(TorchStorage Storage, long Offset, long[] Shape, long[] Stride)
{
    private const int MostDimensions = 8;
    private const int BufferedNumbers = 1 << 14;

    public long Count => Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>All numbers of a storage in row-major order.</summary>
    /// <exception cref="InvalidDataException">The storage has more or fewer, or there are too many dimensions.</exception>
    public static TorchTensor Whole(TorchStorage storage, IReadOnlyList<long> shape)
    {
        var stride = new object?[shape.Count];
        long count = 1;
        for (int d = shape.Count - 1; d >= 0; d--)
        {
            stride[d] = count;
            count = Math.Min(count * shape[d], int.MaxValue);
        }
        var tensor = Checked(storage, 0, [.. shape.Select(size => (object?)size)], stride);
        return tensor.Count == storage.Count ? tensor : throw new InvalidDataException($"an array of shape [{string.Join(", ", shape)}] has {storage.Count:#,0} numbers");
    }

    /// <summary>Makes a view that lies inside its storage.</summary>
    /// <exception cref="InvalidDataException">It does not, or repeats numbers.</exception>
    public static TorchTensor Checked(TorchStorage storage, long offset, object?[] shape, object?[] stride)
    {
        if (shape.Length > MostDimensions || stride.Length != shape.Length || !shape.Concat(stride).All(n => n is >= 0L and <= int.MaxValue))
            throw new InvalidDataException("a tensor's shape is damaged");
        var tensor = new TorchTensor(storage, offset, [.. shape.Select(n => (long)n!)], [.. stride.Select(n => (long)n!)]);
        long last = offset, count = 1;
        for (int i = 0; i < shape.Length; i++)
        {
            last += (tensor.Shape[i] - 1) * tensor.Stride[i];
            count = Math.Min(count * tensor.Shape[i], int.MaxValue);
        }
        return offset >= 0 && count <= storage.Count && (count == 0 || (last >= 0 && last < storage.Count))
            ? tensor
            : throw new InvalidDataException($"a tensor of shape [{string.Join(", ", tensor.Shape)}] does not fit into its storage of {storage.Count:#,0} numbers");
    }

    /// <summary>The same numbers with their dimensions in another order.</summary>
    /// <param name="order">For each dimension of the result which one of this it is.</param>
    public TorchTensor Permute(params int[] order) => this with { Shape = [.. order.Select(d => Shape[d])], Stride = [.. order.Select(d => Stride[d])] };

    /// <summary>The same numbers with the order along some dimensions reversed.</summary>
    public TorchTensor Flip(params int[] dimensions) => this with
    {
        Offset = Offset + dimensions.Sum(d => (Shape[d] - 1) * Stride[d]),
        Stride = [.. Stride.Select((stride, d) => dimensions.Contains(d) ? -stride : stride)],
    };

    /// <summary>The first part along the first dimension.</summary>
    public TorchTensor First() => this with { Shape = Shape[1..], Stride = Stride[1..] };

    /// <summary>Writes the numbers in row-major order.</summary>
    public void WriteTo(Stream stream)
    {
        var bytes = Storage.Bytes();
        int size = Storage.Dtype.ElementBytes();
        if (IsContiguous())
        {
            stream.Write(bytes.Span.Slice((int)(Offset * size), (int)(Count * size)));
            return;
        }
        var source = bytes.Span;
        Span<byte> buffer = new byte[Math.Min(Count, BufferedNumbers) * size];
        var index = new long[Shape.Length];
        int used = 0;
        long at = Offset;
        for (long i = 0; i < Count; i++)
        {
            if (size == sizeof(uint))
                MemoryMarshal.Write(buffer[used..], MemoryMarshal.Read<uint>(source[(int)(at * size)..]));
            else
                source.Slice((int)(at * size), size).CopyTo(buffer[used..]);
            used += size;
            if (used == buffer.Length || i == Count - 1)
            {
                stream.Write(buffer[..used]);
                used = 0;
            }
            for (int d = index.Length - 1; d >= 0; d--)
            {
                at += Stride[d];
                if (++index[d] < Shape[d])
                    break;
                at -= Shape[d] * Stride[d];
                index[d] = 0;
            }
        }
    }

    private bool IsContiguous()
    {
        long expected = 1;
        for (int d = Shape.Length - 1; d >= 0; d--)
        {
            if (Shape[d] != 1 && Stride[d] != expected)
                return false;
            expected *= Shape[d];
        }
        return true;
    }
}
