using System.Security.Cryptography.X509Certificates;
using Atelier.TestKit;

namespace Atelier.Kubernetes.Tests;

/// <summary>Certificates of a coordinator that change while it runs, as those of a mounted secret do.</summary>
public sealed class RenewedCertificateTests
{
    [Fact]
    public void Coordinator_WhoseCertificateIsRenewed_ShowsItWithoutARestart()
    {
        using var folder = new TemporaryFolder();
        using TestAuthority first = new(), second = new();
        Write(first.Valid(), first, "first");
        Write(second.Valid(), second, "second");
        // As a secret is mounted: names are links through a link to the folder of the day.
        Point("first");
        foreach (var name in new[] { "tls.crt", "tls.key" }) File.CreateSymbolicLink(folder[name], Path.Combine("..data", name));
        var port = FreePorts.Take();
        using var coordinator = AtelierProcess.Start(["coordinator", "--listen", $"127.0.0.1:{port}", "--database", folder["coordinator.db"], "--tls-cert", folder["tls.crt"], "--tls-key", folder["tls.key"]]);
        Assert.True(coordinator.WaitForLines(1, line => line.StartsWith("listening", StringComparison.Ordinal)), coordinator.Printed);
        Assert.Equal(0, Ask("first").ExitCode);

        Point("second");
        // Files are looked at again after five seconds, when somebody connects.
        Assert.True(coordinator.RunsAfter(TimeSpan.FromSeconds(5.5)));
        Assert.Equal(0, Ask("second").ExitCode);
        Assert.Contains("not signed by the CA", Ask("first").ErrorText);
        Assert.Equal(1, coordinator.Count(line => line.Contains("reloaded; new connections use it", StringComparison.Ordinal)));

        AtelierResult Ask(string authority) => AtelierProcess.Run("ls", "--coordinator", $"https://127.0.0.1:{port}", "--tls-ca", folder[$"{authority}.ca"]);

        void Write(X509Certificate2 certificate, TestAuthority authority, string name)
        {
            Directory.CreateDirectory(folder[name]);
            TestAuthority.Write(certificate, Path.Combine(folder[name], "tls.crt"));
            File.WriteAllText(folder[$"{name}.ca"], authority.Certificate.ExportCertificatePem());
        }

        void Point(string name)
        {
            if (Directory.Exists(folder["..data"])) Directory.Delete(folder["..data"]);
            Directory.CreateSymbolicLink(folder["..data"], folder[name]);
        }
    }
}
