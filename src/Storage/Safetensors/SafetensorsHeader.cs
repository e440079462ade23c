using System.Text.Json;

namespace Atelier.Storage.Safetensors;

/// <summary>
/// The header of a safetensors file: 8 bytes of little-endian length, then a JSON object of tensors and, under
/// `__metadata__`, strings. Reading is strict: offsets must tile the data exactly, so that a file that passes has no hidden
/// or shared bytes.
/// </summary>
internal static class SafetensorsHeader
{
    private static readonly Dictionary<string, TensorDtype> Dtypes = Enum.GetValues<TensorDtype>().ToDictionary(dtype => dtype.ToString(), StringComparer.Ordinal);

    public const string MetadataKey = "__metadata__";

    /// <summary>The format's own limit.</summary>
    public const int MaxBytes = 100_000_000;

    public const int PrefixBytes = 8;

    /// <summary>Checks the length field before anything of that size is allocated.</summary>
    public static int CheckLength(ulong length, long fileBytes, string source)
    {
        if (length > MaxBytes) throw Bad(source, $"its header claims {length} bytes, but the format allows {MaxBytes}; it is probably a different kind of file");
        if ((long)length > fileBytes - PrefixBytes) throw Bad(source, $"its header claims {length} bytes, but the file has {fileBytes}; it was truncated");
        return (int)length;
    }

    public static (IReadOnlyDictionary<string, string> Metadata, IReadOnlyList<SafetensorsEntry> Entries) Parse(
        ReadOnlyMemory<byte> json, long fileBytes, string source)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return Read(document, PrefixBytes + json.Length, fileBytes, source);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // A string that is not Unicode surfaces as an InvalidOperationException when it is read.
            throw Bad(source, $"its header is not JSON ({error.Message.TrimEnd('.')})", error);
        }
    }

    private static (IReadOnlyDictionary<string, string> Metadata, IReadOnlyList<SafetensorsEntry> Entries) Read(
        JsonDocument document, int dataStart, long fileBytes, string source)
    {
        if (document.RootElement.ValueKind != JsonValueKind.Object) throw Bad(source, "its header is not a JSON object");
        var metadata = new Dictionary<string, string>();
        var entries = new List<SafetensorsEntry>();
        var names = new HashSet<string>();
        foreach (var property in document.RootElement.EnumerateObject())
        {
            if (!names.Add(property.Name)) throw Bad(source, $"`{property.Name}` appears twice");
            if (property.Name == MetadataKey) ReadMetadata(property.Value, metadata, source);
            else entries.Add(ReadEntry(property.Name, property.Value, dataStart, source));
        }

        entries.Sort((a, b) => (a.Offset, a.ByteLength).CompareTo((b.Offset, b.ByteLength)));
        var position = (long)dataStart;
        foreach (var entry in entries)
        {
            if (entry.Offset != position) throw Bad(source, $"the bytes of `{entry.Name}` do not follow those of the tensor before it");
            position += entry.ByteLength;
            if (position > fileBytes) throw Bad(source, $"`{entry.Name}` ends at byte {position}, but the file has {fileBytes}; it was truncated");
        }

        if (position != fileBytes) throw Bad(source, $"it has {fileBytes - position} bytes that belong to no tensor");
        return (metadata, entries);
    }

    public static UserErrorException Bad(string source, string reason, Exception? inner = null) =>
        inner is null ? new($"{source} is not a valid safetensors file: {reason}.") : new($"{source} is not a valid safetensors file: {reason}.", inner);

    private static void ReadMetadata(JsonElement json, Dictionary<string, string> metadata, string source)
    {
        if (json.ValueKind != JsonValueKind.Object) throw Bad(source, $"{MetadataKey} is not an object");
        foreach (var property in json.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.String) throw Bad(source, $"{MetadataKey} `{property.Name}` is not a string");
            metadata[property.Name] = property.Value.GetString()!;
        }
    }

    private static SafetensorsEntry ReadEntry(string name, JsonElement json, long dataStart, string source)
    {
        if (json.ValueKind != JsonValueKind.Object
            || !json.TryGetProperty("dtype", out var dtypeJson) || dtypeJson.ValueKind != JsonValueKind.String
            || !json.TryGetProperty("shape", out var shapeJson) || Integers(shapeJson) is not { } shape
            || !json.TryGetProperty("data_offsets", out var offsetsJson) || Integers(offsetsJson) is not [var begin, var end])
            throw Bad(source, $"`{name}` needs a dtype, a shape and two data_offsets");
        var text = dtypeJson.GetString()!;
        if (!Dtypes.TryGetValue(text, out var dtype)) throw Bad(source, $"`{name}` has the unsupported dtype {text}; supported: {string.Join(", ", Dtypes.Keys)}");
        if (begin > end || end > long.MaxValue - dataStart) throw Bad(source, $"`{name}` has data_offsets {begin} to {end}");
        if (Bytes(shape, dtype) != end - begin)
            throw Bad(source, $"`{name}` of shape [{string.Join(',', shape)}] and dtype {dtype} has {end - begin} bytes");
        return new(name, dtype, shape, dataStart + begin, end - begin);
    }

    /// <summary>The bytes of a tensor, or null if there are more than can be counted.</summary>
    public static long? Bytes(IEnumerable<long> shape, TensorDtype dtype)
    {
        try
        {
            return shape.Aggregate((long)dtype.ElementBytes(), (product, size) => checked(product * size));
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    private static long[]? Integers(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Array) return null;
        var numbers = new long[json.GetArrayLength()];
        for (var i = 0; i < numbers.Length; i++)
            if (json[i].ValueKind != JsonValueKind.Number || !json[i].TryGetInt64(out numbers[i]) || numbers[i] < 0) return null;
        return numbers;
    }
}

/// <param name="Shape">Its sizes; empty for a scalar.</param>
/// <param name="Offset">Where its bytes begin, from the start of the file.</param>
public sealed record SafetensorsEntry(string Name, TensorDtype Dtype, long[] Shape, long Offset, long ByteLength)
{
    public long Elements => ByteLength / Dtype.ElementBytes();
}

/// <summary>Element types of stored tensors; the members have the names of the safetensors format.</summary>
public enum TensorDtype
{
    F64,
    F32,
    F16,

    /// <summary>The upper half of a single.</summary>
    BF16,
    I64,
    I32,
    U8,

    /// <summary>One byte each, 0 or 1.</summary>
    BOOL,
}

public static class TensorDtypeExtensions
{
    public static int ElementBytes(this TensorDtype dtype) => dtype switch
    {
        TensorDtype.F64 or TensorDtype.I64 => 8,
        TensorDtype.F32 or TensorDtype.I32 => 4,
        TensorDtype.F16 or TensorDtype.BF16 => 2,
        TensorDtype.U8 or TensorDtype.BOOL => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "No such element type."),
    };
}
