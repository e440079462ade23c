using System.Numerics;

namespace Atelier.Worker.Collectives.Links;

/// <summary>
/// How one rank's outgoing memory is laid out: a doorbell, then a lane for each rank, the one for itself being what all
/// others read. A lane is a line for the writer's count, one for each reader's, and the slots. Lines are 64 bytes, so that
/// no two ranks write to one cache line.
/// </summary>
/// <param name="Ranks">Number of ranks.</param>
/// <param name="SegmentBytes">Most bytes of a segment; a multiple of <see cref="Line"/>.</param>
/// <param name="Slots">Segments that wait in a lane at most.</param>
internal readonly record struct RingShape(int Ranks, int SegmentBytes, int Slots)
{
    /// <summary>Bytes of a cache line.</summary>
    public const int Line = 64;

    /// <summary>Bytes before the first lane: the doorbell, whether somebody sleeps beside it, and whom the rank blames.</summary>
    public const int HeadBytes = 4 * Line;

    /// <summary>Where the rank stands, plus one, for whose sake this one leaves; 0 for none.</summary>
    public const int BlameOffset = 3 * Line;

    private const int MostPeerSegmentBytes = 1 << 18;

    private const int MostLaneBytes = 1 << 20;
    private const int FewestSegmentBytes = 1 << 14;
    private const int DefaultSlots = 4;

    /// <summary>Bytes of a slot: the segment's length on a line of its own, then the segment.</summary>
    public int SlotBytes => Line + SegmentBytes;

    /// <summary>Bytes of a lane.</summary>
    public int LaneBytes => Line * Ranks + Slots * SlotBytes;

    /// <summary>Bytes in all.</summary>
    public long TotalBytes => HeadBytes + (long)Ranks * LaneBytes;

    /// <summary>The shape that serves a number of ranks: many ranks get smaller segments, so that all lanes stay in the cache.</summary>
    public static RingShape For(int ranks) =>
        new(ranks, Math.Max(FewestSegmentBytes, MostLaneBytes / DefaultSlots / (int)BitOperations.RoundUpToPowerOf2((uint)ranks)), DefaultSlots);

    /// <summary>The shape between hosts: what is in flight to a rank must keep a network busy, and a segment be worth its wake-ups.</summary>
    public static RingShape ForPeers(int ranks) => new(ranks, MostPeerSegmentBytes, 2 * DefaultSlots);

    /// <summary>The lane of a rank, as a part of the whole memory.</summary>
    public Memory<byte> Lane(Memory<byte> memory, int rank) => memory.Slice(HeadBytes + rank * LaneBytes, LaneBytes);
}
