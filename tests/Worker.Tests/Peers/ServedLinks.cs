using Atelier.Worker.Collectives.Links;
using Atelier.Worker.Peers;

namespace Atelier.Worker.Tests.Peers;

/// <summary>Links that take their server with them, as a process does.</summary>
internal sealed class ServedLinks(IRankLinks links, PeerServer server) : IRankLinks
{
    public int Rank => links.Rank;

    public int Ranks => links.Ranks;

    public int SegmentBytes => links.SegmentBytes;

    public long BufferBytes => links.BufferBytes;

    public IReadOnlyList<int> Gone => links.Gone;

    public int Signal => links.Signal;

    public bool TryReserve(int to, out Span<byte> room) => links.TryReserve(to, out room);

    public void Send(int to, int bytes) => links.Send(to, bytes);

    public bool TryReceive(int from, bool toAll, out ReadOnlySpan<byte> segment) => links.TryReceive(from, toAll, out segment);

    public void Release(int from, bool toAll) => links.Release(from, toAll);

    public void Wait(int seen, TimeSpan most) => links.Wait(seen, most);

    public void Wake() => links.Wake();

    public void Blame(int rank) => links.Blame(rank);

    public void Dispose()
    {
        links.Dispose();
        server.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
