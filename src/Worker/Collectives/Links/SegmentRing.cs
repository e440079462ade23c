using System.Runtime.InteropServices;

namespace Atelier.Worker.Collectives.Links;

/// <summary>
/// One lane: a ring of segments with one writer and one or more readers, each of which sees every segment. Counts only grow;
/// a count is written by one side alone, after what it tells of (release) and read before (acquire).
/// </summary>
/// <param name="memory">The lane's memory, zero at first.</param>
/// <param name="shape">Its layout.</param>
/// <param name="readers">Number of readers.</param>
internal sealed class SegmentRing(Memory<byte> memory, RingShape shape, int readers)
{
    private long _written;
    private long _read;

    /// <summary>The writer's side: room for the next segment, unless the slowest reader is a whole ring behind.</summary>
    public bool TryReserve(out Span<byte> room)
    {
        room = default;
        for (int reader = 0; reader < readers; reader++)
        {
            if (_written - Volatile.Read(ref Count(1 + reader)) >= shape.Slots)
                return false;
        }
        room = Slot(_written)[RingShape.Line..];
        return true;
    }

    /// <summary>The writer's side: makes the reserved segment visible.</summary>
    public void Publish(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes, (uint)shape.SegmentBytes);
        MemoryMarshal.Write(Slot(_written), bytes);
        Volatile.Write(ref Count(0), ++_written);
    }

    /// <summary>A reader's side: the oldest segment that it has not released.</summary>
    public bool TryPeek(out ReadOnlySpan<byte> segment)
    {
        segment = default;
        if (Volatile.Read(ref Count(0)) <= _read)
            return false;
        var slot = Slot(_read);
        int bytes = MemoryMarshal.Read<int>(slot);
        if ((uint)bytes > (uint)shape.SegmentBytes)
            throw new InvalidDataException($"A segment claims {bytes} bytes; {shape.SegmentBytes} are the most.");
        segment = slot.Slice(RingShape.Line, bytes);
        return true;
    }

    /// <summary>A reader's side: gives the segment's slot back.</summary>
    /// <param name="reader">Which reader.</param>
    public void Release(int reader) => Volatile.Write(ref Count(1 + reader), ++_read);

    private Span<byte> Slot(long index) =>
        memory.Span.Slice(shape.Ranks * RingShape.Line + (int)(index % shape.Slots) * shape.SlotBytes, shape.SlotBytes);

    private ref long Count(int line) => ref MemoryMarshal.AsRef<long>(memory.Span.Slice(line * RingShape.Line, sizeof(long)));
}
