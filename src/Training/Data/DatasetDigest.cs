using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Atelier.Training.Data;

/// <summary>The hash by which a run knows its dataset: over names, encoded bytes and labels, image by image.</summary>
internal sealed class DatasetDigest : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Adds an image.</summary>
    /// <param name="name">Its path inside the dataset.</param>
    /// <param name="bytes">Its encoded length.</param>
    /// <param name="sha256">The hash of its encoded bytes.</param>
    /// <param name="label">Its label; empty without labels.</param>
    public void Add(string name, long bytes, ReadOnlySpan<byte> sha256, ReadOnlySpan<float> label)
    {
        Span<byte> length = stackalloc byte[sizeof(long)];
        var encoded = Encoding.UTF8.GetBytes(name);
        // Lengths before content: no two datasets run together to the same bytes.
        BinaryPrimitives.WriteInt64LittleEndian(length, encoded.Length);
        _hash.AppendData(length);
        _hash.AppendData(encoded);
        BinaryPrimitives.WriteInt64LittleEndian(length, bytes);
        _hash.AppendData(length);
        _hash.AppendData(sha256);
        _hash.AppendData(MemoryMarshal.AsBytes(label));
    }

    /// <summary>The SHA-256 of all that was added, in hexadecimal digits.</summary>
    public string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
