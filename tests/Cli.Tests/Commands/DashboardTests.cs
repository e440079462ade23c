using System.Net;
using System.Net.Sockets;
using Atelier.TestKit;

namespace Atelier.Cli.Tests.Commands;

public sealed class DashboardTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Dashboard_OfAFolder_SaysWhereItIsAndServes()
    {
        using var dashboard = AtelierProcess.Start(["dashboard", _folder.Path, "--port", "0"]);
        Assert.True(dashboard.WaitForLines(1, line => line.StartsWith("dashboard of", StringComparison.Ordinal)));
        var address = dashboard.Printed.Split((char[])[' ', '\n']).First(word => word.StartsWith("http://", StringComparison.Ordinal)).TrimEnd(';');
        using var http = new HttpClient();

        Assert.Contains("No run in this folder yet", await http.GetStringAsync(new Uri(address), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public void Dashboard_OfNoFolder_IsRefused() => Complaint.IsOf(AtelierProcess.Run("dashboard", _folder["nothing"]), "nothing", "folder not found");

    [Fact]
    public void Dashboard_OnAPortThatIsTaken_SaysSo()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = $"{((IPEndPoint)other.LocalEndpoint).Port}";

        Complaint.IsOf(AtelierProcess.Run("dashboard", _folder.Path, "--port", port), "--port", port);
    }

    public void Dispose() => _folder.Dispose();
}
