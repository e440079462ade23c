using System.Numerics;
using System.Runtime.InteropServices;

namespace Atelier.Worker.Collectives.Links;

/// <summary>
/// Links through memory that all ranks see: every rank writes into lanes of its own and reads the others' in place, so that
/// a segment is copied once. Who provides the memory and the doorbells derives from this.
/// </summary>
internal abstract class RingLinks : IRankLinks
{
    // About 20 µs: what a rank that runs beside this one needs for its next segment. Waits for a busy one should sleep.
    private const int SpinsBeforeSleep = 40;
    private const int SpinLength = 20;

    private readonly RingShape _shape;
    private readonly IReadOnlyList<Memory<byte>> _memories;
    private readonly IDoorbell[] _bells;
    private readonly SegmentRing[] _out;
    private readonly SegmentRing[] _in;
    private readonly SegmentRing[] _all;
    private readonly GoneRanks _gone;

    /// <summary>Joins the ranks' memories.</summary>
    /// <param name="shape">The layout of every memory.</param>
    /// <param name="memories">Each rank's outgoing memory.</param>
    /// <param name="bells">Each rank's doorbell.</param>
    protected RingLinks(int rank, RingShape shape, IReadOnlyList<Memory<byte>> memories, IEnumerable<IDoorbell> bells)
    {
        Rank = rank;
        _shape = shape;
        _memories = memories;
        _gone = new GoneRanks(rank);
        _bells = [.. bells];
        _out = [.. Enumerable.Range(0, shape.Ranks).Select(to => new SegmentRing(shape.Lane(memories[rank], to), shape, to == rank ? shape.Ranks - 1 : 1))];
        _in = [.. memories.Select(memory => new SegmentRing(shape.Lane(memory, rank), shape, 1))];
        _all = [.. memories.Select((memory, from) => new SegmentRing(shape.Lane(memory, from), shape, shape.Ranks - 1))];
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Ranks => _shape.Ranks;

    /// <inheritdoc/>
    public int SegmentBytes => _shape.SegmentBytes;

    /// <inheritdoc/>
    public long BufferBytes => _shape.TotalBytes;

    /// <inheritdoc/>
    public IReadOnlyList<int> Gone => _gone.Ranks;

    /// <inheritdoc/>
    public int Signal => _bells[Rank].Count;

    /// <inheritdoc/>
    public bool TryReserve(int to, out Span<byte> room) => _out[to].TryReserve(out room);

    /// <inheritdoc/>
    public void Send(int to, int bytes)
    {
        _out[to].Publish(bytes);
        if (to != Rank)
        {
            _bells[to].Ring();
            return;
        }
        for (int other = 0; other < Ranks; other++)
        {
            if (other != Rank)
                _bells[other].Ring();
        }
    }

    /// <inheritdoc/>
    public bool TryReceive(int from, bool toAll, out ReadOnlySpan<byte> segment) => (toAll ? _all : _in)[from].TryPeek(out segment);

    /// <inheritdoc/>
    public void Release(int from, bool toAll)
    {
        // The writer is no reader of its own lane; those behind it move up.
        (toAll ? _all : _in)[from].Release(toAll && Rank > from ? Rank - 1 : toAll ? Rank : 0);
        _bells[from].Ring();
    }

    /// <inheritdoc/>
    public void Wait(int seen, TimeSpan most)
    {
        var bell = _bells[Rank];
        for (int spin = 0; spin < SpinsBeforeSleep; spin++)
        {
            if (bell.Count != seen)
                return;
            Thread.SpinWait(SpinLength);
        }
        bell.Wait(seen, most);
    }

    /// <inheritdoc/>
    public void Wake() => _bells[Rank].Ring();

    /// <inheritdoc/>
    public void Blame(int rank) => Volatile.Write(ref Blamed(Rank), rank + 1);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Leaves: the other ranks find this one among those gone.</summary>
    /// <param name="disposing">Whether called by <see cref="Dispose()"/>.</param>
    protected abstract void Dispose(bool disposing);

    /// <summary>Records a rank whose link broke and wakes this one; from any thread.</summary>
    protected internal void MarkGone(int rank)
    {
        // A process that was killed has blamed nobody; one whose memory is damaged may blame anybody.
        int blamed = Volatile.Read(ref Blamed(rank)) - 1;
        _gone.Add(rank, blamed >= 0 && blamed < Ranks ? blamed : null);
        Wake();
    }

    private ref int Blamed(int rank) => ref MemoryMarshal.AsRef<int>(_memories[rank].Span[RingShape.BlameOffset..RingShape.HeadBytes]);
}

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

/// <summary>
/// One lane: a ring of segments with one writer and one or more readers, each of which sees every segment. Counts only grow;
/// a count is written by one side alone, after what it tells of (release) and read before (acquire).
/// </summary>
/// <param name="memory">The lane's memory, zero at first.</param>
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
