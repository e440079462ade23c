using Atelier.Worker.Collectives.Links;

namespace Atelier.Worker.Peers.Links;

/// <summary>Links between hosts; <see cref="PeerServer"/> makes them.</summary>
internal sealed class PeerLinks : IRankLinks
{
    // How long a rank that leaves waits for the others to have taken what it sent; a frozen one would never.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    private readonly RingShape _shape;
    private readonly MonitorDoorbell _bell = new();
    private readonly OutSlots _toAll;
    private readonly PeerLink?[] _links;
    private readonly GoneRanks _gone;
    private readonly Action _left;
    private int? _blamed;
    private bool _disposed;

    /// <summary>Links over connections that stand.</summary>
    /// <param name="rank">This rank.</param>
    /// <param name="shape">Ranks, size and number of slots.</param>
    /// <param name="calls">To each rank; null at this one's.</param>
    /// <param name="segments">From each rank; null at this one's.</param>
    /// <param name="left">Called when this rank has left.</param>
    public PeerLinks(int rank, RingShape shape, IReadOnlyList<PeerCall?> calls, IReadOnlyList<SegmentReceiver?> segments, Action left)
    {
        Rank = rank;
        _shape = shape;
        _gone = new GoneRanks(rank);
        _left = left;
        _toAll = new OutSlots(shape);
        _links = [.. calls.Select((call, other) => call is null ? null : new PeerLink(call, segments[other]!, shape, _toAll))];
        for (int other = 0; other < _links.Length; other++)
        {
            int from = other;
            _links[other]?.Start(Wake, cause => MarkGone(from, cause));
        }
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Ranks => _shape.Ranks;

    /// <inheritdoc/>
    public int SegmentBytes => _shape.SegmentBytes;

    /// <inheritdoc/>
    /// <remarks>Slots of both kinds that go out, and as many that come in; what the system and the transport hold besides is bounded by their buffers.</remarks>
    public long BufferBytes => (1 + 3L * (Ranks - 1)) * _shape.Slots * _shape.SegmentBytes;

    /// <inheritdoc/>
    public IReadOnlyList<int> Gone => _gone.Ranks;

    /// <inheritdoc/>
    public int Signal => _bell.Count;

    /// <summary>The link to another rank.</summary>
    public PeerLink this[int rank] => _links[rank]!;

    /// <inheritdoc/>
    public bool TryReserve(int to, out Span<byte> room)
    {
        bool found = to == Rank ? Array.TrueForAll(_links, link => link is null || link.HasRoom(toAll: true)) : this[to].HasRoom(toAll: false);
        room = found ? (to == Rank ? _toAll : this[to].ToOne).Room : default;
        return found;
    }

    /// <inheritdoc/>
    public void Send(int to, int bytes)
    {
        if (to != Rank)
        {
            this[to].ToOne.Publish(bytes);
            this[to].Flush();
            return;
        }
        _toAll.Publish(bytes);
        foreach (var link in _links)
            link?.Flush();
    }

    /// <inheritdoc/>
    public bool TryReceive(int from, bool toAll, out ReadOnlySpan<byte> segment) => this[from].TryPeek(toAll, out segment);

    /// <inheritdoc/>
    public void Release(int from, bool toAll) => this[from].Release(toAll);

    /// <inheritdoc/>
    public void Wait(int seen, TimeSpan most) => _bell.Wait(seen, most);

    /// <inheritdoc/>
    public void Wake() => _bell.Ring();

    /// <inheritdoc/>
    public void Blame(int rank) => _blamed = rank;

    /// <summary>Leaves: what was sent still comes to the others, who then find this rank among those gone.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        var links = _links.OfType<PeerLink>().ToList();
        links.ForEach(link => link.Leave(_blamed));
        Task.WaitAll([.. links.Select(link => link.Written)], Farewell);
        links.ForEach(link => link.Abort());
        _left();
    }

    private void MarkGone(int rank, int? cause)
    {
        _gone.Add(rank, cause is >= 0 && cause < Ranks ? cause : null);
        Wake();
    }
}
