using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Atelier.Storage.Snapshots;

/// <summary>
/// The hash of a run's whole state, whatever its slicing: SHA-256 over its sections in canonical order, each as its name in
/// UTF-8, a zero byte, its dtype's name, a zero byte, its number of elements as 8 little-endian bytes, and its data.
/// </summary>
public sealed class StateHasher : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _missingBytes;

    /// <exception cref="InvalidOperationException">The section before it is not complete.</exception>
    public void Begin(SnapshotSection section)
    {
        ArgumentNullException.ThrowIfNull(section);
        RequireComplete();
        Span<byte> zero = [0];
        Span<byte> count = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(count, section.Elements);
        _hash.AppendData(Encoding.UTF8.GetBytes(section.Name));
        _hash.AppendData(zero);
        _hash.AppendData(Encoding.UTF8.GetBytes(section.Dtype.ToString()));
        _hash.AppendData(zero);
        _hash.AppendData(count);
        _missingBytes = section.Bytes;
    }

    /// <summary>Adds data of the section that was begun; in as many pieces as convenient.</summary>
    /// <exception cref="InvalidOperationException">There are more bytes than the section has.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _missingBytes) throw new InvalidOperationException($"The section has {_missingBytes} bytes left, but received {bytes.Length}.");
        _hash.AppendData(bytes);
        _missingBytes -= bytes.Length;
    }

    /// <summary>The hash, in lower-case hexadecimal.</summary>
    /// <exception cref="InvalidOperationException">The last section is not complete.</exception>
    public string Finish()
    {
        RequireComplete();
        return Convert.ToHexStringLower(_hash.GetHashAndReset());
    }

    public void Dispose() => _hash.Dispose();

    private void RequireComplete()
    {
        if (_missingBytes > 0) throw new InvalidOperationException($"The section is missing {_missingBytes} bytes.");
    }
}
