using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Takes messages out of a body: a flag, four bytes of length, the message. One read at a time.</summary>
/// <param name="pipe">The body.</param>
/// <param name="encoding">How messages with the flag are compressed; null for not at all.</param>
/// <param name="maxBytes">The largest message; null for any.</param>
internal sealed class MessageReader(PipeReader pipe, string? encoding, int? maxBytes)
{
    public const int HeaderBytes = 5;

    // Less than half of the smallest window that peers begin with, 65,535 bytes.
    private const int StepBytes = 32 * 1024 - HeaderBytes;

    /// <summary>The next message, read where its bytes lie.</summary>
    /// <returns>Whether there was one before the body's end, and the message.</returns>
    /// <exception cref="RpcException">What came is no message, or too large, or could not be deserialised.</exception>
    public async ValueTask<(bool Found, T? Message)> ReadAsync<T>(Func<DeserializationContext, T> deserialize, CancellationToken cancellationToken)
    {
        var wanted = HeaderBytes;
        while (true)
        {
            var result = await pipe.ReadAtLeastAsync(wanted, cancellationToken);
            var buffer = result.Buffer;
            if (TryFrame(buffer, out var isCompressed, out var payload, out var missing))
            {
                try
                {
                    return (true, Deserialize(payload, isCompressed, deserialize));
                }
                finally
                {
                    pipe.AdvanceTo(payload.End);
                }
            }
            pipe.AdvanceTo(buffer.Start, buffer.End);
            // Waking up for every few bytes of a large message costs more than reading it; asking for more than the sender may send
            // before it is told that some was seen would never end.
            wanted = (int)Math.Min(buffer.Length + Math.Min(missing, StepBytes), int.MaxValue);
            if (result.IsCompleted)
                return buffer.IsEmpty ? (false, default) : throw Malformed("the body ends within a message");
        }
    }

    public static RpcException TooLarge(long bytes, int maxBytes) =>
        new(new Status(StatusCode.ResourceExhausted, $"Received message exceeds the maximum configured message size: {bytes} bytes, at most {maxBytes}."));

    private bool TryFrame(ReadOnlySequence<byte> buffer, out bool isCompressed, out ReadOnlySequence<byte> payload, out long missing)
    {
        payload = default;
        missing = HeaderBytes - buffer.Length;
        isCompressed = false;
        if (buffer.Length < HeaderBytes) return false;

        Span<byte> header = stackalloc byte[HeaderBytes];
        buffer.Slice(0, HeaderBytes).CopyTo(header);
        if (header[0] > 1) throw Malformed($"a message's flag is {header[0]}");
        isCompressed = header[0] == 1;
        var length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        // Refused before its bytes come, so that nobody has to hold them.
        if (length > (maxBytes ?? int.MaxValue)) throw TooLarge(length, maxBytes ?? int.MaxValue);
        missing = HeaderBytes + length - buffer.Length;
        if (missing > 0) return false;
        payload = buffer.Slice(HeaderBytes, length);
        return true;
    }

    private T Deserialize<T>(ReadOnlySequence<byte> payload, bool isCompressed, Func<DeserializationContext, T> deserialize)
    {
        if (isCompressed && encoding is (null or MessageEncoding.Identity)) throw Malformed("a message is compressed, but the call names no compression");
        var plain = isCompressed ? MessageEncoding.Decompress(payload, maxBytes) : payload;
        try
        {
            return deserialize(new Payload(plain));
        }
        catch (Exception e) when (e is not RpcException)
        {
            throw new RpcException(new Status(StatusCode.Internal, "a message could not be deserialized", e));
        }
    }

    private static RpcException Malformed(string what) => new(new Status(StatusCode.Internal, $"Malformed gRPC: {what}."));

    private sealed class Payload(ReadOnlySequence<byte> bytes) : DeserializationContext
    {
        public override int PayloadLength => (int)bytes.Length;

        public override byte[] PayloadAsNewBuffer() => bytes.ToArray();

        public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => bytes;
    }
}
