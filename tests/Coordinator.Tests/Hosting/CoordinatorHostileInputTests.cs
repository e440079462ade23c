using System.Net.Security;
using Atelier.Protos;
using Atelier.Rpc.Tests.Transport;
using Atelier.Rpc.Transport;
using Atelier.TestKit;

namespace Atelier.Coordinator.Tests.Hosting;

/// <summary>The coordinator's port.</summary>
public sealed class CoordinatorHostileInputTests : HostileInputTests
{
    private protected override string OnePath => "/atelier.v1.Runs/Submit";

    private protected override string StreamPath => "/atelier.v1.Fleet/Attach";

    private protected override async Task<HostilePort> StartAsync(ServerLimits limits, TestAuthority? authority)
    {
        var coordinator = await RunningCoordinator.StartAsync(limits: limits, certificate: authority?.Valid());
        SslClientAuthenticationOptions? tls = null;
        if (authority is not null)
            (tls = new SslClientAuthenticationOptions()).TrustOnly([authority.Certificate]);
        return new HostilePort(coordinator.Address.Port, () => CallAsync(coordinator.Address, tls), coordinator.DisposeAsync);
    }

    private static async Task CallAsync(Uri address, SslClientAuthenticationOptions? tls)
    {
        using var channel = CoordinatorChannel.Open(address.ToString(), tls);
        await new Protos.Runs.RunsClient(channel).ListAsync(new ListRequest(), cancellationToken: TestContext.Current.CancellationToken);
    }
}
