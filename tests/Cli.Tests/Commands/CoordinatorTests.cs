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

    [Theory]
    [InlineData("postgres:Host=db;Username=u;Password=hunter2")]
    [InlineData("postgres:Host=db;Username=u;Pwd=hunter2")]
    [InlineData("postgres://u:hunter2@db/atelier")]
    public void Coordinator_WithAPasswordOnTheCommandLine_IsRefusedAndNotRepeated(string database)
    {
        var result = AtelierProcess.Run("coordinator", "--listen", "127.0.0.1:0", "--database", database);

        Complaint.IsOf(result, "every user of this machine", "ATELIER_DATABASE", "--database-file");
        Assert.DoesNotContain("hunter2", result.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public void Coordinator_WithADatabaseFile_UsesWhatItNames()
    {
        File.WriteAllText(_folder["database"], $"{_folder["named.db"]}\n");
        Complaint.IsOf(AtelierProcess.Run("coordinator", "--database-file", _folder["database"], "--database", "c.db"), "--database", "--database-file", "leave one out");
        SetMode(_folder["database"], UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Complaint.IsOf(AtelierProcess.Run("coordinator", "--database-file", _folder["database"]), "chmod 600");
        SetMode(_folder["database"], UnixFileMode.UserRead);
        using var coordinator = AtelierProcess.Start(["coordinator", "--listen", "127.0.0.1:0", "--database-file", _folder["database"]]);

        Assert.True(coordinator.WaitForLines(1, line => line.StartsWith("listening", StringComparison.Ordinal)));
        Assert.True(File.Exists(_folder["named.db"]));
    }

    [Theory]
    [InlineData("--store-root", "runs", "absolute")]
    [InlineData("--data-root", "./data", "absolute")]
    [InlineData("--s3-endpoint", "s3.example", "https://s3.example")]
    public void Coordinator_WithARootThatCannotBe_IsRefused(string option, string value, string names) =>
        Complaint.IsOf(AtelierProcess.Run("coordinator", "--listen", "127.0.0.1:0", "--database", _folder["c.db"], option, value), option, value, names);

    public void Dispose() => _folder.Dispose();

    private static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
    }
}
