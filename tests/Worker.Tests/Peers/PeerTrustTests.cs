using Atelier.Core.Fleet;
using Atelier.Core.Specs;
using Atelier.TestKit;
using Atelier.Training.Networks;
using Atelier.Training.Step;
using Atelier.Worker.Collectives;
using Atelier.Worker.Peers.States;
using Atelier.Worker.Peers;
using System.Security.Cryptography.X509Certificates;
using static TorchSharp.torch;

namespace Atelier.Worker.Tests.Peers;

/// <summary>Whom workers let in, and whom they call: for sums and for states alike.</summary>
public sealed class PeerTrustTests : IAsyncDisposable
{
    private const string Token = "workers-0123456789abcdef012";

    private readonly TestAuthority _authority = new();
    private readonly TestAuthority _stranger = new();
    private readonly List<PeerServer> _servers = [];

    /// <summary>What one side has that the other does not trust, and what either call then says.</summary>
    public static TheoryData<string, string> Distrust => new()
    {
        { "wrong token", "token" },
        { "no token", "token" },
        { "certificate of another authority", "not signed by the CA" },
        { "expired certificate", "has expired" },
        { "caller without a certificate", "a client certificate is required" },
        { "caller of another authority", "not signed by the CA" },
        { "caller with an expired certificate", "has expired" },
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Join_WithTokenAndCertificates_Meets()
    {
        await StartAsync(Trusted());
        await StartAsync(Trusted());

        var links = await Task.WhenAll(JoinAsync(0), JoinAsync(1));

        foreach (var own in links)
            own.Dispose();
    }

    [Theory]
    [MemberData(nameof(Distrust))]
    public async Task Join_AWorkerThatIsNotTrusted_IsRefusedAndSaysWhy(string what, string says)
    {
        var (server, caller) = Sides(what);
        await StartAsync(server);
        await StartAsync(caller);

        var e = await Assert.ThrowsAsync<CollectiveException>(() => JoinAsync(1));

        Assert.Equal((CollectiveFault.Refused, 1), (e.Fault, e.Rank));
        Assert.Equal([0], e.Blamed);
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Token, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Distrust))]
    public async Task Fetch_FromAWorkerThatIsNotTrusted_IsRefusedAndSaysWhy(string what, string says)
    {
        var (server, caller) = Sides(what);
        await StartAsync(server);

        var e = await Assert.ThrowsAsync<PeerStateException>(() => FetchAsync(_servers[0].Address, caller));

        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.Equal(PeerStateFault.Refused, e.Fault);
    }

    [Fact]
    public async Task Join_InTheClearToATlsPort_DoesNotMeetAndNamesTheRank()
    {
        await StartAsync(Trusted());
        await StartAsync(new PeerSecurity(null, null, Token));
        var clear = PeerAddress.Parse($"http://{new Uri(_servers[0].Address.ToString()).Authority}");

        var e = await Assert.ThrowsAsync<CollectiveException>(() =>
            _servers[1].JoinAsync(new PeerMembership("run", 1, 1, [clear, _servers[1].Address]), TimeSpan.FromMilliseconds(300), TimeProvider.System, Cancellation));

        Assert.Equal((CollectiveFault.Deadline, 1), (e.Fault, e.Rank));
        Assert.Equal([0], e.Blamed);
        Assert.Contains("rank 0 (", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fetch_InTheClearFromATlsPort_Fails()
    {
        await StartAsync(Trusted());
        var clear = PeerAddress.Parse($"http://{new Uri(_servers[0].Address.ToString()).Authority}");

        var e = await Assert.ThrowsAsync<PeerStateException>(() => FetchAsync(clear, Trusted()));

        Assert.Equal(PeerStateFault.PeerGone, e.Fault);
        Assert.Contains(clear.ToString(), e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fetch_OverTlsFromAPortInTheClear_IsRefused()
    {
        await StartAsync(new PeerSecurity(null, null, Token));
        var tls = PeerAddress.Parse($"https://{new Uri(_servers[0].Address.ToString()).Authority}");

        Assert.Equal(PeerStateFault.Refused, (await Assert.ThrowsAsync<PeerStateException>(() => FetchAsync(tls, Trusted()))).Fault);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
            await server.DisposeAsync();
        _authority.Dispose();
        _stranger.Dispose();
    }

    private (PeerSecurity Server, PeerSecurity Caller) Sides(string what) => what switch
    {
        "wrong token" => (Trusted(), With(_authority.Valid(), "another-0123456789abcdef012")),
        "no token" => (Trusted(), With(_authority.Valid(), null)),
        "certificate of another authority" => (With(_stranger.Valid(), Token), Trusted()),
        "expired certificate" => (With(_authority.Expired(), Token), Trusted()),
        "caller without a certificate" => (Trusted(), new PeerSecurity(null, [_authority.Certificate], Token)),
        "caller of another authority" => (Trusted(), With(_stranger.Valid(), Token)),
        "caller with an expired certificate" => (Trusted(), With(_authority.Expired(), Token)),
        _ => throw new ArgumentOutOfRangeException(nameof(what), what, "no such case"),
    };

    private PeerSecurity Trusted() => With(_authority.Valid(), Token);

    private PeerSecurity With(X509Certificate2 certificate, string? token) => new(certificate, [_authority.Certificate], token);

    private async Task StartAsync(PeerSecurity security) =>
        _servers.Add(await PeerServer.StartAsync(new PeerOptions(PeerRanks.Tcp) { Security = security }, Cancellation));

    private Task<Atelier.Worker.Collectives.Links.IRankLinks> JoinAsync(int rank) =>
        _servers[rank].JoinAsync(new PeerMembership("run", 1, rank, [.. _servers.Select(server => server.Address)]), PeerRanks.Patience, TimeProvider.System, Cancellation);

    private static async Task FetchAsync(PeerAddress address, PeerSecurity security)
    {
        var shape = new ImageShape(8, 8);
        using var into = new TrajectoryState(
            new ModelConfig(new GeneratorConfig(shape, 8, 8, 0, 64, 4, 1, NetworkArchitecture.Skip), new DiscriminatorConfig(shape, 0, 64, 4, MinibatchGroup: 2)), ScalarType.Float32, CPU);
        await PeerStateClient.FetchAsync(address, security, "run", default, into, PeerRanks.Patience, TimeProvider.System, Cancellation);
    }
}
