using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Compression of messages: gzip or none.</summary>
internal static class MessageEncoding
{
    public const string Header = "grpc-encoding";

    public const string AcceptHeader = "grpc-accept-encoding";

    public const string Identity = "identity";

    public const string Gzip = "gzip";

    /// <summary>What we take, as the header says it.</summary>
    public const string Accepted = $"{Identity},{Gzip}";

    private const int ChunkBytes = 16 * 1024;

    /// <summary>Whether a message in this encoding can be read; null means none.</summary>
    public static bool IsKnown(string? encoding) => encoding is null or Identity or Gzip;

    /// <summary>Whether a peer that accepts these encodings takes gzip.</summary>
    public static bool AcceptsGzip(string? accepted) =>
        accepted is not null && accepted.Split(',', StringSplitOptions.TrimEntries).Contains(Gzip, StringComparer.Ordinal);

    public static ReadOnlyMemory<byte> Compress(ReadOnlySpan<byte> payload, CompressionLevel level)
    {
        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, level, leaveOpen: true))
            gzip.Write(payload);
        return compressed.GetBuffer().AsMemory(0, (int)compressed.Length);
    }

    /// <summary>Decompresses at most so many bytes: a small message may unfold to a huge one.</summary>
    /// <exception cref="RpcException">It is larger, or no gzip.</exception>
    public static ReadOnlySequence<byte> Decompress(ReadOnlySequence<byte> payload, int? maxBytes)
    {
        var plain = new ArrayBufferWriter<byte>();
        try
        {
            using var gzip = new GZipStream(PipeReader.Create(payload).AsStream(), CompressionMode.Decompress);
            while (gzip.Read(plain.GetSpan(ChunkBytes)) is var read and > 0)
            {
                plain.Advance(read);
                if (plain.WrittenCount > maxBytes) throw MessageReader.TooLarge(plain.WrittenCount, maxBytes.Value);
            }
        }
        catch (InvalidDataException)
        {
            throw new RpcException(new Status(StatusCode.Internal, "a compressed message is no gzip"));
        }
        return new ReadOnlySequence<byte>(plain.WrittenMemory);
    }
}
