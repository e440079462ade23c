using System.Buffers.Binary;
using Atelier.Worker.Collectives.Links;

namespace Atelier.Worker.Peers.Links;

/// <summary>What a frame of a connection for segments begins with, as peer.proto has it.</summary>
/// <param name="Kind">What follows.</param>
/// <param name="Length">How many bytes of it.</param>
internal readonly record struct FrameHeader(FrameKind Kind, int Length)
{
    /// <summary>Bytes of a head.</summary>
    public const int Bytes = 12;

    /// <summary>How many segments to the sender alone it is done with.</summary>
    public int ReleasedToOne { get; init; }

    /// <summary>How many segments to all it is done with.</summary>
    public int ReleasedToAll { get; init; }

    /// <summary>Whether the sender leaves.</summary>
    public bool Leaves { get; init; }

    /// <summary>The rank because of which it leaves; null for none.</summary>
    public int? Blames { get; init; }

    /// <summary>Reads what <see cref="Write"/> writes.</summary>
    /// <exception cref="InvalidDataException">No rank sends this.</exception>
    public static FrameHeader Read(ReadOnlySpan<byte> bytes)
    {
        var (kind, leaves, length) = (bytes[0], bytes[1], BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]));
        int blames = BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]);
        if (kind > (byte)FrameKind.ToAll || leaves > 1 || length > int.MaxValue || (kind == (byte)FrameKind.None) != (length == 0))
            throw new InvalidDataException($"a frame between ranks begins with {Convert.ToHexString(bytes[..Bytes])}");
        return new FrameHeader((FrameKind)kind, (int)length)
        {
            Leaves = leaves == 1,
            ReleasedToOne = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]),
            ReleasedToAll = BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]),
            Blames = blames == 0 ? null : blames - 1,
        };
    }

    /// <summary>Writes the head.</summary>
    public void Write(Span<byte> bytes)
    {
        bytes[0] = (byte)Kind;
        bytes[1] = Leaves ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[2..], checked((ushort)ReleasedToOne));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[4..], checked((ushort)ReleasedToAll));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[6..], checked((ushort)(Blames + 1 ?? 0)));
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], Length);
    }
}

/// <summary>What a frame carries; the numbers of peer.proto.</summary>
internal enum FrameKind : byte
{
    /// <summary>No segment.</summary>
    None = 0,

    /// <summary>A segment to the receiver alone.</summary>
    ToOne = 1,

    /// <summary>A segment to all.</summary>
    ToAll = 2,
}

/// <summary>Incoming segments of one kind: a ring of slots, filled as bytes come and read in place by the collective.</summary>
/// <param name="shape">Size and number of slots.</param>
internal sealed class InSlots(RingShape shape)
{
    private readonly byte[][] _slots = [.. Enumerable.Range(0, shape.Slots).Select(_ => new byte[shape.SegmentBytes])];
    private readonly int[] _lengths = new int[shape.Slots];
    private long _received;
    private long _released;

    /// <summary>Where the next segment goes.</summary>
    /// <param name="bytes">Its length.</param>
    /// <exception cref="InvalidDataException">It is too long, or none may come.</exception>
    public Memory<byte> Room(int bytes) => _received - Volatile.Read(ref _released) < shape.Slots && bytes <= shape.SegmentBytes
        ? _slots[_received % shape.Slots].AsMemory(0, bytes)
        : throw new InvalidDataException($"a rank sent more than {shape.Slots} segments of {shape.SegmentBytes} bytes");

    /// <summary>Makes the segment that has come visible.</summary>
    public void Publish(int bytes)
    {
        _lengths[_received % shape.Slots] = bytes;
        Volatile.Write(ref _received, _received + 1);
    }

    /// <summary>The oldest segment that was not released.</summary>
    public bool TryPeek(out ReadOnlySpan<byte> segment)
    {
        bool found = Volatile.Read(ref _received) > _released;
        segment = found ? _slots[_released % shape.Slots].AsSpan(0, _lengths[_released % shape.Slots]) : default;
        return found;
    }

    /// <summary>Gives the oldest segment's slot free.</summary>
    public void Release() => Volatile.Write(ref _released, _released + 1);
}

/// <summary>Outgoing segments: a ring of slots, filled in place by the collective and sent by one task or more.</summary>
/// <param name="shape">Size and number of slots.</param>
internal sealed class OutSlots(RingShape shape)
{
    private readonly byte[][] _slots = [.. Enumerable.Range(0, shape.Slots).Select(_ => new byte[shape.SegmentBytes])];
    private readonly int[] _lengths = new int[shape.Slots];
    private long _written;

    /// <summary>How many segments were published so far.</summary>
    public long Written => Volatile.Read(ref _written);

    /// <summary>The slot of the next segment; the caller knows that it is free.</summary>
    public Span<byte> Room => _slots[_written % shape.Slots];

    /// <summary>Makes the next segment visible.</summary>
    public void Publish(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes, (uint)shape.SegmentBytes);
        _lengths[_written % shape.Slots] = bytes;
        Volatile.Write(ref _written, _written + 1);
    }

    /// <summary>A segment that was sent and whose slot is not free again.</summary>
    public ReadOnlyMemory<byte> Segment(long index) => _slots[index % shape.Slots].AsMemory(0, _lengths[index % shape.Slots]);
}
