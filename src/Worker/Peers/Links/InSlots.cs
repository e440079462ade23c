using Atelier.Worker.Collectives.Links;

namespace Atelier.Worker.Peers.Links;

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
