using System.Buffers;
using Grpc.Core;

namespace Atelier.Worker.Peers.Links;

/// <summary>
/// Protobuf's format of <see cref="PeerFrame"/>, by hand: generated code would put every segment into an array of its own.
/// Bytes go from the sender's slot into the transport's buffer, and from there into a rented one that the receiver sums from.
/// </summary>
internal static class PeerFrameFormat
{
    /// <summary>Bytes that a message takes besides its payload, at most.</summary>
    public const int MostOverhead = 32;

    private const int ReleasedToOne = 3, ReleasedToAll = 4, Leaves = 7, Blames = 8;
    private const int Varint = 0, LengthDelimited = 2;

    /// <summary>The stream's method.</summary>
    public static Method<PeerFrame, PeerFrame> Exchange { get; } = new(
        MethodType.DuplexStreaming, "atelier.v1.Peer", "Exchange", new Marshaller<PeerFrame>(Write, Read), new Marshaller<PeerFrame>(Write, Read));

    private static void Write(PeerFrame frame, SerializationContext context)
    {
        Span<byte> head = stackalloc byte[MostOverhead];
        int at = 0;
        WriteNumber(head, ref at, ReleasedToOne, frame.ReleasedToOne);
        WriteNumber(head, ref at, ReleasedToAll, frame.ReleasedToAll);
        WriteNumber(head, ref at, Leaves, frame.Leaves ? 1 : 0);
        WriteNumber(head, ref at, Blames, frame.Blames + 1 ?? 0);
        if (frame.Field != PeerField.None)
        {
            head[at++] = Tag((int)frame.Field, LengthDelimited);
            WriteVarint(head, ref at, (uint)frame.Payload.Length);
        }
        context.SetPayloadLength(at + frame.Payload.Length);
        var writer = context.GetBufferWriter();
        writer.Write(head[..at]);
        writer.Write(frame.Payload.Span);
        context.Complete();
    }

    private static PeerFrame Read(DeserializationContext context)
    {
        var reader = new SequenceReader<byte>(context.PayloadAsReadOnlySequence());
        var frame = new PeerFrame(PeerField.None, default);
        while (reader.TryRead(out byte tag))
        {
            long value = ReadVarint(ref reader);
            frame = (tag >> 3, tag & 7) switch
            {
                (ReleasedToOne, Varint) => frame with { ReleasedToOne = checked((int)value) },
                (ReleasedToAll, Varint) => frame with { ReleasedToAll = checked((int)value) },
                (Leaves, Varint) => frame with { Leaves = value != 0 },
                (Blames, Varint) => frame with { Blames = value == 0 ? null : checked((int)(value - 1)) },
                ((int)PeerField.Hello or (int)PeerField.ToOne or (int)PeerField.ToAll, LengthDelimited) when frame.Field == PeerField.None && value <= reader.Remaining =>
                    Take(ref reader, frame, (PeerField)(tag >> 3), (int)value),
                _ => throw new InvalidDataException($"a message between ranks has {value} with tag {tag}"),
            };
        }
        return frame;
    }

    private static PeerFrame Take(ref SequenceReader<byte> reader, PeerFrame frame, PeerField field, int bytes)
    {
        var rented = ArrayPool<byte>.Shared.Rent(bytes);
        reader.TryCopyTo(rented.AsSpan(0, bytes));
        reader.Advance(bytes);
        return frame with { Field = field, Payload = rented.AsMemory(0, bytes), Rented = rented };
    }

    private static byte Tag(int field, int kind) => (byte)((field << 3) | kind);

    // As protobuf does, zero is left out.
    private static void WriteNumber(Span<byte> head, ref int at, int field, int value)
    {
        if (value == 0)
            return;
        head[at++] = Tag(field, Varint);
        WriteVarint(head, ref at, (uint)value);
    }

    private static void WriteVarint(Span<byte> head, ref int at, uint value)
    {
        for (; value >= 0x80; value >>= 7)
            head[at++] = (byte)(value | 0x80);
        head[at++] = (byte)value;
    }

    private static long ReadVarint(ref SequenceReader<byte> reader)
    {
        long value = 0;
        for (int shift = 0; shift < 35; shift += 7)
        {
            if (!reader.TryRead(out byte next))
                break;
            value |= (long)(next & 0x7f) << shift;
            if (next < 0x80)
                return value;
        }
        throw new InvalidDataException("a message between ranks ends within a number, or has one too large");
    }
}
