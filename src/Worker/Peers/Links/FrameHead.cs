using System.Buffers.Binary;

namespace Atelier.Worker.Peers.Links;

/// <summary>What a frame of a connection for segments begins with, as peer.proto has it.</summary>
/// <param name="Kind">What follows.</param>
/// <param name="Length">How many bytes of it.</param>
internal readonly record struct FrameHead(FrameKind Kind, int Length)
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
    public static FrameHead Read(ReadOnlySpan<byte> bytes)
    {
        var (kind, leaves, length) = (bytes[0], bytes[1], BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]));
        int blames = BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]);
        if (kind > (byte)FrameKind.ToAll || leaves > 1 || length > int.MaxValue || (kind == (byte)FrameKind.None) != (length == 0))
            throw new InvalidDataException($"a frame between ranks begins with {Convert.ToHexString(bytes[..Bytes])}");
        return new FrameHead((FrameKind)kind, (int)length)
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
