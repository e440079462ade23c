using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Atelier.Storage.Safetensors;

/// <summary>Writes safetensors files in one pass, without holding the data.</summary>
public static class SafetensorsWriter
{
    /// <summary>The format asks for data that begins at a multiple of this.</summary>
    private const int Alignment = 8;

    /// <summary>Writes a file: tensors in the given order, metadata in ordinal order, so that equal input gives equal bytes.</summary>
    /// <param name="destination">Where to; need not be seekable.</param>
    /// <param name="metadata">Strings for `__metadata__`; null for none.</param>
    /// <exception cref="ArgumentException">A name is taken or reserved.</exception>
    /// <exception cref="InvalidOperationException">A tensor wrote more or fewer bytes than its shape asks for.</exception>
    public static void Write(
        Stream destination, IReadOnlyList<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentNullException.ThrowIfNull(tensors);
        var header = Header(tensors, metadata);
        Span<byte> prefix = stackalloc byte[SafetensorsHeader.PrefixBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)header.Length);
        destination.Write(prefix);
        destination.Write(header);
        foreach (var tensor in tensors)
        {
            using var counter = new HashingStream(destination, hash: false);
            tensor.WriteTo(counter);
            if (counter.BytesWritten != tensor.ByteLength)
                throw new InvalidOperationException(
                    $"`{tensor.Name}` of shape [{string.Join(',', tensor.Shape)}] and dtype {tensor.Dtype} has {tensor.ByteLength} bytes; {counter.BytesWritten} were written.");
        }
    }

    private static byte[] Header(IReadOnlyList<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(SafetensorsHeader.MetadataKey);
                foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)) json.WriteString(key, value);
                json.WriteEndObject();
            }

            var names = new HashSet<string> { SafetensorsHeader.MetadataKey };
            var offset = 0L;
            foreach (var tensor in tensors)
            {
                if (!names.Add(tensor.Name)) throw new ArgumentException($"`{tensor.Name}` is already used or reserved.", nameof(tensors));
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.Dtype.ToString());
                WriteNumbers(json, "shape", tensor.Shape);
                var end = checked(offset + tensor.ByteLength);
                WriteNumbers(json, "data_offsets", [offset, end]);
                offset = end;
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        while (buffer.Length % Alignment != 0) buffer.WriteByte((byte)' ');
        if (buffer.Length > SafetensorsHeader.MaxBytes) throw new ArgumentException($"The header takes {buffer.Length} bytes, but the format allows {SafetensorsHeader.MaxBytes}.", nameof(tensors));
        return buffer.ToArray();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, ReadOnlySpan<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers) json.WriteNumberValue(number);
        json.WriteEndArray();
    }
}

/// <param name="Name">Its name; unique in the file, not `__metadata__`.</param>
/// <param name="Shape">Its sizes; empty for a scalar.</param>
/// <param name="WriteTo">Writes exactly its bytes, little-endian, in row-major order.</param>
public sealed record SafetensorsTensor(string Name, TensorDtype Dtype, long[] Shape, Action<Stream> WriteTo)
{
    /// <summary>Number of bytes that the shape and element type ask for.</summary>
    public long ByteLength => SafetensorsHeader.Bytes(Shape, Dtype) ?? throw new ArgumentException($"`{Name}` is too large.");

    public static SafetensorsTensor OfBytes(string name, TensorDtype dtype, long[] shape, ReadOnlyMemory<byte> bytes) =>
        new(name, dtype, shape, stream => stream.Write(bytes.Span));

    public static SafetensorsTensor Of(string name, long[] shape, double[] values) =>
        new(name, TensorDtype.F64, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.AsSpan())));

    public static SafetensorsTensor Of(string name, long[] shape, long[] values) =>
        new(name, TensorDtype.I64, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.AsSpan())));
}
