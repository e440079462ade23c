using Atelier.Core.Access;
using Atelier.TestKit;
using Atelier.Worker.Collectives.Links;
using Atelier.Worker.Peers;

namespace Atelier.Worker.Tests.Peers;

/// <summary>Ranks of this process that are joined as hosts are.</summary>
internal static class PeerRanks
{
    /// <summary>No test waits as long; one that does hangs.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromMinutes(2);

    /// <summary>A free port of this machine.</summary>
    public static ListenAddress Tcp { get; } = new("127.0.0.1", 0);

    /// <summary>A Unix socket that nobody has.</summary>
    public static ListenAddress Unix => new(Path.Combine(Path.GetTempPath(), $"atelier-{Guid.NewGuid():N}.sock"), null);

    /// <summary>Certificates of an authority that only this process has.</summary>
    public static PeerSecurity Tls { get; } = MakeTls();

    /// <summary>Starts every rank's server, then joins all. The servers end with their ranks' links.</summary>
    public static IReadOnlyList<IRankLinks> Join(RingShape shape, Func<ListenAddress> address, PeerSecurity? security = null) =>
        JoinAsync(shape, address, security ?? PeerSecurity.None).GetAwaiter().GetResult();

    private static PeerSecurity MakeTls()
    {
        var authority = new TestAuthority();
        return new PeerSecurity(authority.Valid(), [authority.Certificate], null);
    }

    private static async Task<IReadOnlyList<IRankLinks>> JoinAsync(RingShape shape, Func<ListenAddress> address, PeerSecurity security)
    {
        var servers = new List<PeerServer>();
        for (int rank = 0; rank < shape.Ranks; rank++)
            servers.Add(await PeerServer.StartAsync(new PeerOptions(address()) { Security = security }, CancellationToken.None));
        List<PeerAddress> addresses = [.. servers.Select(server => server.Address)];
        var links = await Task.WhenAll(servers.Select((server, rank) => server.JoinAsync(new PeerMembership("test", 1, rank, addresses), shape, Patience, TimeProvider.System, CancellationToken.None)));
        return [.. links.Select((own, rank) => new ServedLinks(own, servers[rank]))];
    }
}
