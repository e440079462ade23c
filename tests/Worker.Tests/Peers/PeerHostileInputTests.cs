using Atelier.Protos;
using Atelier.Rpc.Tests.Transport;
using Atelier.Rpc.Transport;
using Atelier.TestKit;
using Atelier.Worker.Peers;
using Grpc.Core;

namespace Atelier.Worker.Tests.Peers;

/// <summary>A worker's port for other workers.</summary>
public sealed class PeerHostileInputTests : HostileInputTests
{
    private protected override string OnePath => "/atelier.v1.Peer/FetchState";

    private protected override string StreamPath => "/atelier.v1.Peer/Meet";

    private protected override async Task<HostilePort> StartAsync(ServerLimits limits, TestAuthority? authority)
    {
        var security = authority is null ? PeerSecurity.None : new PeerSecurity(authority.Valid(), [authority.Certificate], null);
        var server = await PeerServer.StartAsync(new PeerOptions(PeerRanks.Tcp) { Security = security, Limits = limits }, TestContext.Current.CancellationToken);
        return new HostilePort(new Uri(server.Address.ToString()).Port, () => CallAsync(server.Address, security), server.DisposeAsync);
    }

    private static async Task CallAsync(PeerAddress address, PeerSecurity security)
    {
        using var channel = PeerChannel.To(address, security);
        using var call = new Peer.PeerClient(channel).FetchState(new StateRequest { Run = "nobody's" }, cancellationToken: TestContext.Current.CancellationToken);
        var answer = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        Assert.Equal(StatusCode.NotFound, answer.StatusCode);
    }
}
