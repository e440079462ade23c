using System.Text.Json;

namespace Atelier.Storage.Safetensors;

/// <summary>
/// The header of a safetensors file: 8 bytes of little-endian length, then a JSON object of tensors and, under
/// `__metadata__`, strings. Reading is strict: offsets must tile the data exactly, so that a file that passes has no hidden
/// or shared bytes.
/// </summary>
internal static class SafetensorsHeader
{
    public const string MetadataKey = "__metadata__";

    /// <summary>The format's own limit.</summary>
    public const int MaxBytes = 100_000_000;

    /// <summary>Bytes of the length field.</summary>
    public const int PrefixBytes = 8;

    /// <summary>Checks the length field before anything of that size is allocated.</summary>
    public static int CheckLength(ulong length, long fileBytes, string source)
    {
        if (length > MaxBytes) throw Bad(source, $"its header claims {length} bytes, the format allows {MaxBytes}; it is probably another kind of file");
        if ((long)length > fileBytes - PrefixBytes) throw Bad(source, $"its header claims {length} bytes and the file has {fileBytes}; it was cut short");
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
            // A string that is no Unicode surfaces as an InvalidOperationException when it is read.
            throw Bad(source, $"its header is no JSON ({error.Message.TrimEnd('.')})", error);
        }
    }

    private static (IReadOnlyDictionary<string, string> Metadata, IReadOnlyList<SafetensorsEntry> Entries) Read(
        JsonDocument document, int dataStart, long fileBytes, string source)
    {
        if (document.RootElement.ValueKind != JsonValueKind.Object) throw Bad(source, "its header is no JSON object");
        var metadata = new Dictionary<string, string>();
        var entries = new List<SafetensorsEntry>();
        var names = new HashSet<string>();
        foreach (var property in document.RootElement.EnumerateObject())
        {
            if (!names.Add(property.Name)) throw Bad(source, $"`{property.Name}` stands there twice");
            if (property.Name == MetadataKey) ReadMetadata(property.Value, metadata, source);
            else entries.Add(ReadEntry(property.Name, property.Value, dataStart, source));
        }

        entries.Sort((a, b) => (a.Offset, a.ByteLength).CompareTo((b.Offset, b.ByteLength)));
        var position = (long)dataStart;
        foreach (var entry in entries)
        {
            if (entry.Offset != position) throw Bad(source, $"the bytes of `{entry.Name}` do not follow those before them");
            position += entry.ByteLength;
            if (position > fileBytes) throw Bad(source, $"`{entry.Name}` ends at byte {position} and the file has {fileBytes}; it was cut short");
        }

        if (position != fileBytes) throw Bad(source, $"it has {fileBytes - position} bytes that belong to no tensor");
        return (metadata, entries);
    }

    public static UserErrorException Bad(string source, string reason, Exception? inner = null) =>
        inner is null ? new($"{source} is no valid safetensors file: {reason}.") : new($"{source} is no valid safetensors file: {reason}.", inner);

    private static void ReadMetadata(JsonElement json, Dictionary<string, string> metadata, string source)
    {
        if (json.ValueKind != JsonValueKind.Object) throw Bad(source, $"{MetadataKey} is no object");
        foreach (var property in json.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.String) throw Bad(source, $"{MetadataKey} `{property.Name}` is no string");
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
        // Enum.TryParse would take numbers and other cases too.
        var text = dtypeJson.GetString()!;
        if (!Enum.GetNames<TensorDtype>().Contains(text))
            throw Bad(source, $"`{name}` has dtype {text}; supported are {string.Join(", ", Enum.GetNames<TensorDtype>())}");
        var dtype = Enum.Parse<TensorDtype>(text);
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
