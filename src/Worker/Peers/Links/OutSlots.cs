using Atelier.Worker.Collectives.Links;

namespace Atelier.Worker.Peers.Links;

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
