using System.Net;
using System.Net.Sockets;
using Atelier.TestKit;

namespace Atelier.Cli.Tests.Commands;

public sealed class CoordinatorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Coordinator_OnAPortThatIsTaken_SaysSoInOneLine()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        int port = ((IPEndPoint)other.LocalEndpoint).Port;

        var result = AtelierProcess.Run("coordinator", "--listen", $"127.0.0.1:{port}", "--database", _folder["c.db"]);

        Complaint.IsOf(result, $"127.0.0.1:{port}", "in use");
        Assert.Single(result.Errors);
        Assert.Empty(result.Output);
    }

    [Fact]
    public void Coordinator_OnAHostThatIsNotHere_SaysSoInOneLine() =>
        Complaint.IsOf(AtelierProcess.Run("coordinator", "--listen", "192.0.2.1:7070", "--database", _folder["c.db"]), "192.0.2.1");

    public void Dispose() => _folder.Dispose();
}
