using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using Atelier.TestKit;

namespace Atelier.Cli.Tests.Commands;

/// <summary>Certificates from the command line.</summary>
public sealed class CertsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Certs_AuthorityAndServer_VerifyAndSayWhatToPass()
    {
        var authority = Certs("ca").Succeeded();
        var server = Certs("server", "--host", "train.example.org", "--host", "10.1.2.3").Succeeded();

        Assert.Contains(authority.Output, line => line.Contains("--tls-ca", StringComparison.Ordinal));
        Assert.Contains($"--tls-cert {_folder["server.crt"]} --tls-key {_folder["server.key"]} --tls-ca {_folder["ca.crt"]}", server.Text, StringComparison.Ordinal);
        Assert.Contains("train.example.org, 10.1.2.3", server.Text, StringComparison.Ordinal);
        using var certificate = X509Certificate2.CreateFromPemFile(_folder["server.crt"], _folder["server.key"]);
        Assert.True(certificate.MatchesHostname("train.example.org"));
        Assert.True(certificate.MatchesHostname("localhost"));
        if (OperatingSystem.IsWindows()) return;
        foreach (var key in new[] { "ca.key", "server.key" })
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder[key]));
    }

    [Fact]
    public void Certs_AllRoles_OpensslVerifiesThem()
    {
        foreach (var role in new[] { "ca", "server", "worker", "person" }) Certs(role).Succeeded();
        foreach (var (role, purpose) in new[] { ("server", "sslserver"), ("worker", "sslserver"), ("worker", "sslclient"), ("person", "sslclient") })
            Assert.Contains("OK", Openssl("verify", "-x509_strict", "-purpose", purpose, "-CAfile", _folder["ca.crt"], _folder[$"{role}.crt"]), StringComparison.Ordinal);
        var text = Openssl("x509", "-in", _folder["worker.crt"], "-noout", "-text");
        Assert.All(new[] { "prime256v1", "ecdsa-with-SHA256", "DNS:localhost", "IP Address:127.0.0.1" }, part => Assert.Contains(part, text, StringComparison.Ordinal));
        Assert.Contains("PRIVATE KEY", Openssl("pkey", "-in", _folder["worker.key"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Certs_FilesAreThere_AreReplacedByForceAlone()
    {
        Certs("ca").Succeeded();
        Certs("person", "--name", "ada").Succeeded();
        var before = File.ReadAllText(_folder["ada.key"]);

        Complaint.IsOf(Certs("ca"), _folder["ca.key"], "--force");
        Complaint.IsOf(Certs("person", "--name", "ada"), _folder["ada.key"], "--force");
        Assert.Equal(before, File.ReadAllText(_folder["ada.key"]));

        Certs("person", "--name", "ada", "--force").Succeeded();
        Assert.NotEqual(before, File.ReadAllText(_folder["ada.key"]));
    }

    [Theory]
    [InlineData("server", "has no CA", "certs ca --out")]
    [InlineData("server --host http://x", "`http://x`", "leave out scheme")]
    [InlineData("worker --name ../up", "`../up`", "--name")]
    [InlineData("person --name ca", "`ca`", "--name")]
    public void Certs_Mistake_SaysWhatToChange(string arguments, params string[] parts)
    {
        Complaint.IsOf(Certs(arguments.Split(' ')), parts);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    private AtelierResult Certs(params string[] arguments) => AtelierProcess.Run(["certs", .. arguments, "--out", _folder.Path]);

    private static string Openssl(params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("openssl", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, $"openssl {string.Join(' ', arguments)}: {output}{errors.GetAwaiter().GetResult()}");
            return output;
        }
        catch (Win32Exception)
        {
            Assert.Skip("openssl is not installed.");
            throw;
        }
    }
}
