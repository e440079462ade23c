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

    /// <summary>Browsers speak it to the dashboard: it is answered, and what is no HTTP at all is told so.</summary>
    public override async Task Http1_IsToldSoAndClosed()
    {
        await using var port = await StartAsync(new ServerLimits(), null);
        using var connection = await RawConnection.OpenAsync(port.Number, TestContext.Current.CancellationToken);

        await connection.SendAsync([.. "GET /\r\n\r\n"u8], TestContext.Current.CancellationToken);
        var answer = System.Text.Encoding.ASCII.GetString(await connection.UntilClosedAsync(TestContext.Current.CancellationToken));

        Assert.StartsWith("HTTP/1.1 400", answer, StringComparison.Ordinal);
        using var http = new HttpClient();
        Assert.Contains("<h1>Runs</h1>", await http.GetStringAsync(new Uri($"http://127.0.0.1:{port.Number}/"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await port.CallAsync();
    }

    private static async Task CallAsync(Uri address, SslClientAuthenticationOptions? tls)
    {
        using var channel = CoordinatorChannel.Open(address.ToString(), tls);
        await new Protos.Runs.RunsClient(channel).ListAsync(new ListRequest(), cancellationToken: TestContext.Current.CancellationToken);
    }
}
