using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Atelier.Cli.Certificates;
using Atelier.Core;
using Atelier.TestKit;

namespace Atelier.Cli.Tests.Certificates;

/// <summary>Certificates as TLS and the class library see them.</summary>
public sealed class DevelopmentAuthorityTests : IDisposable
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    private readonly TemporaryFolder _folder = new();
    private readonly DevelopmentAuthority _authority = DevelopmentAuthority.Create(Now);

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Create_Authority_SignsLeavesAlone()
    {
        var basics = _authority.Certificate.Extensions.OfType<X509BasicConstraintsExtension>().Single();
        Assert.Equal((true, true, 0), (basics.CertificateAuthority, basics.HasPathLengthConstraint, basics.PathLengthConstraint));
        Assert.Equal("1.2.840.10045.4.3.2", _authority.Certificate.SignatureAlgorithm.Value); // ecdsa-with-SHA256
    }

    [Theory]
    [InlineData("Server", true, true)]
    [InlineData("Worker", true, true)]
    [InlineData("Person", false, true)]
    public void Issue_ByRole_VerifiesForItsUsesAlone(string role, bool serves, bool calls)
    {
        using var certificate = _authority.Issue(Enum.Parse<CertificateRole>(role), "x", [], Now);
        Assert.Equal(serves, Verifies(certificate, "1.3.6.1.5.5.7.3.1"));
        Assert.Equal(calls, Verifies(certificate, "1.3.6.1.5.5.7.3.2"));
        Assert.False(Verifies(certificate, null, Now.AddDays(826)));
        using var stranger = DevelopmentAuthority.Create(Now);
        Assert.False(Verifies(certificate, null, trusted: stranger.Certificate));
    }

    [Fact]
    public void Issue_Hosts_AreItsNamesAndNoOthers()
    {
        using var certificate = _authority.Issue(CertificateRole.Server, "coordinator", ["train.example.org", "10.1.2.3", "::1"], Now);
        Assert.All(new[] { "train.example.org", "10.1.2.3", "::1" }, host => Assert.True(certificate.MatchesHostname(host), host));
        Assert.All(new[] { "example.org", "coordinator", "10.1.2.4", "::2" }, host => Assert.False(certificate.MatchesHostname(host), host));
    }

    [Fact]
    public void Issue_NearTheAuthoritysEnd_EndsWithIt()
    {
        using var certificate = _authority.Issue(CertificateRole.Person, "x", [], Now.AddDays(3600));
        Assert.Equal(_authority.Certificate.NotAfter, certificate.NotAfter);
    }

    [Fact]
    public async Task Issue_ServerAndWorker_ShakeHandsBothWays()
    {
        using var server = Usable(_authority.Issue(CertificateRole.Server, "server", ["localhost"], Now));
        using var worker = Usable(_authority.Issue(CertificateRole.Worker, "worker-1", [], Now));
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var caller = new TcpClient();
        var accepting = listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken).AsTask();
        await caller.ConnectAsync((IPEndPoint)listener.LocalEndpoint, TestContext.Current.CancellationToken);
        using var accepted = await accepting;
        await using var up = new SslStream(caller.GetStream());
        await using var down = new SslStream(accepted.GetStream());

        await Task.WhenAll(
            down.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions { ServerCertificate = server, ClientCertificateRequired = true, CertificateChainPolicy = Policy(_authority.Certificate) },
                TestContext.Current.CancellationToken),
            up.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = "localhost", ClientCertificates = [worker], CertificateChainPolicy = Policy(_authority.Certificate) },
                TestContext.Current.CancellationToken));

        Assert.Equal("CN=worker-1", down.RemoteCertificate!.Subject);
        Assert.Equal("CN=server", up.RemoteCertificate!.Subject);
    }

    [Fact]
    public void Load_SavedAuthority_SignsTheSame()
    {
        new CertificateFolder(_folder.Path, force: false).Save("ca", _authority.Certificate);
        using var loaded = DevelopmentAuthority.Load(_folder["ca.crt"], _folder["ca.key"], Now);
        using var certificate = loaded.Issue(CertificateRole.Person, "x", [], Now);
        Assert.True(Verifies(certificate, null));
    }

    [Fact]
    public void Load_NoUsableAuthority_SaysWhy()
    {
        var files = new CertificateFolder(_folder.Path, force: true);
        files.Save("ca", _authority.Certificate);
        Says("expired", Now.AddDays(3651));
        using var leaf = _authority.Issue(CertificateRole.Server, "x", [], Now);
        files.Save("ca", leaf);
        Says("is not a CA certificate", Now);
        File.WriteAllText(_folder["ca.key"], "nonsense");
        Says("cannot be read", Now);
        File.Delete(_folder["ca.key"]);
        Says("cannot be read", Now);

        void Says(string part, DateTimeOffset now)
        {
            var error = Assert.Throws<UserErrorException>(() => DevelopmentAuthority.Load(_folder["ca.crt"], _folder["ca.key"], now));
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
            Assert.Contains("--force", error.Message, StringComparison.Ordinal);
        }
    }

    private static X509ChainPolicy Policy(X509Certificate2 trusted)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(trusted);
        return policy;
    }

    /// <summary>As it is read from files, which is what TLS takes on every platform.</summary>
    private static X509Certificate2 Usable(X509Certificate2 certificate)
    {
        using (certificate)
        using (var key = certificate.GetECDsaPrivateKey()!)
            return X509Certificate2.CreateFromPem(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private bool Verifies(X509Certificate2 certificate, string? use, DateTimeOffset? at = null, X509Certificate2? trusted = null)
    {
        using var chain = new X509Chain { ChainPolicy = Policy(trusted ?? _authority.Certificate) };
        chain.ChainPolicy.VerificationTime = (at ?? Now).LocalDateTime;
        if (use is not null) chain.ChainPolicy.ApplicationPolicy.Add(new Oid(use));
        return chain.Build(certificate);
    }
}
