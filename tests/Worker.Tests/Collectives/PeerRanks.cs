using System.Net;
using Atelier.Rpc.Transport;
using Atelier.Worker.Collectives.Links;
using Atelier.Worker.Collectives.Peers;

namespace Atelier.Worker.Tests.Collectives;

/// <summary>Ranks of this process that are joined as hosts are.</summary>
internal static class PeerRanks
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>A free port of this machine.</summary>
    public static PeerAddress Tcp => new(new IPEndPoint(IPAddress.Loopback, 0));

    /// <summary>A Unix socket that nobody has.</summary>
    public static PeerAddress Unix => new(new UnixSocketPath(Path.Combine(Path.GetTempPath(), $"atelier-{Guid.NewGuid():N}.sock")));

    /// <summary>Starts every rank's server, then joins all.</summary>
    public static IReadOnlyList<IRankLinks> Join(RingShape shape, Func<PeerAddress> address) => JoinAsync(shape, address).GetAwaiter().GetResult();

    private static async Task<IReadOnlyList<IRankLinks>> JoinAsync(RingShape shape, Func<PeerAddress> address)
    {
        var servers = new List<PeerServer>();
        for (int rank = 0; rank < shape.Ranks; rank++)
            servers.Add(await PeerServer.StartAsync(address(), CancellationToken.None));
        var world = new PeerWorld("test", 1, [.. servers.Select(server => server.Address)]);
        return await Task.WhenAll(servers.Select((server, rank) => world.JoinAsync(server, rank, shape, Patience, TimeProvider.System, CancellationToken.None)));
    }
}
