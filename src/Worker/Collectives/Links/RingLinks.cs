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
    /// <param name="rank">This rank.</param>
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
