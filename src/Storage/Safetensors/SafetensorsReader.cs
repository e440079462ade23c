using System.Buffers.Binary;

namespace Atelier.Storage.Safetensors;

/// <summary>
/// A safetensors file, read in ranges: opening reads the header alone. Ranges may be read from several threads; reads take
/// turns.
/// </summary>
public sealed class SafetensorsReader : IDisposable
{
    private readonly Stream _stream;
    private readonly Lock _reading = new();
    private readonly Dictionary<string, SafetensorsEntry> _byName;

    /// <param name="stream">The file, seekable; the reader owns it.</param>
    /// <param name="source">Where it came from, for messages.</param>
    /// <exception cref="UserErrorException">The file is malformed; the message says how.</exception>
    public SafetensorsReader(Stream stream, string source)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _stream = stream;
        Source = source;
        try
        {
            var fileBytes = stream.Length;
            if (fileBytes < SafetensorsHeader.PrefixBytes) throw SafetensorsHeader.Bad(source, $"it has {fileBytes} bytes");
            Span<byte> prefix = stackalloc byte[SafetensorsHeader.PrefixBytes];
            stream.Position = 0;
            stream.ReadExactly(prefix);
            var json = new byte[SafetensorsHeader.CheckLength(BinaryPrimitives.ReadUInt64LittleEndian(prefix), fileBytes, source)];
            stream.ReadExactly(json);
            (Metadata, Entries) = SafetensorsHeader.Parse(json, fileBytes, source);
        }
        catch
        {
            stream.Dispose();
            throw;
        }

        _byName = Entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
    }

    public string Source { get; }

    /// <summary>The strings of `__metadata__`.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensors, in the order of their bytes.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <exception cref="UserErrorException">There is no such file, or it is malformed.</exception>
    public static SafetensorsReader Open(string path)
    {
        try
        {
            return new(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read), path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What the system says names the path again.
            var reason = Directory.Exists(path) ? "it is a folder" : File.Exists(path) ? error.Message : "file not found";
            throw new UserErrorException($"{path} cannot be read: {reason}", error);
        }
    }

    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <exception cref="UserErrorException">There is none.</exception>
    public SafetensorsEntry this[string name] =>
        _byName.TryGetValue(name, out var entry) ? entry : throw new UserErrorException($"{Source} has no tensor `{name}`.");

    /// <summary>Reads a range of a tensor's bytes.</summary>
    /// <param name="firstByte">Where to begin, from the tensor's first byte.</param>
    /// <param name="destination">Filled wholly.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range reaches beyond the tensor.</exception>
    public void Read(SafetensorsEntry entry, long firstByte, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentOutOfRangeException.ThrowIfNegative(firstByte);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(destination.Length, entry.ByteLength - firstByte);
        lock (_reading)
        {
            _stream.Position = entry.Offset + firstByte;
            _stream.ReadExactly(destination);
        }
    }

    /// <summary>All bytes of a tensor, up to 2 GiB.</summary>
    public byte[] ReadBytes(SafetensorsEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var bytes = new byte[checked((int)entry.ByteLength)];
        Read(entry, 0, bytes);
        return bytes;
    }

    public void Dispose() => _stream.Dispose();
}
