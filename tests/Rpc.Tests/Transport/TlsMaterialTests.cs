using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Atelier.Core;
using Atelier.Rpc.Transport;
using Atelier.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Atelier.Rpc.Tests.Transport;

/// <summary>Certificates that are renewed while a server runs.</summary>
public sealed class TlsMaterialTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("atelier-tls-").FullName;
    private readonly Clock _time = new();
    private readonly List<string> _said = [];

    [Fact]
    public async Task Files_ThatAreRenewed_ServeNewConnections()
    {
        using TestAuthority first = new(), second = new();
        Write(first);
        var tls = Follow();
        await using var server = await ServeAsync(tls);
        var address = new Uri(server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Assert.True(await IsTrustedAsync(address, first));

        Write(second);
        // Files are not looked at for every connection.
        Assert.True(await IsTrustedAsync(address, first));
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.False(await IsTrustedAsync(address, first));
        Assert.True(await IsTrustedAsync(address, second));
        Assert.Equal(second.Certificate.Thumbprint, Assert.Single(tls.Authorities!).Thumbprint);
        Assert.Contains("reloaded", Assert.Single(_said));
    }

    [Fact]
    public void Files_OfWhichOneHasNotCome_WaitForTheOther()
    {
        using TestAuthority first = new(), second = new();
        Write(first);
        var tls = Follow();
        var before = tls.Certificate;
        var renewed = second.Valid();
        System.IO.File.WriteAllText(File("tls.crt"), renewed.ExportCertificatePem());
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Same(before, tls.Certificate);
        Assert.Contains("still using the previous one", Assert.Single(_said));
        using (var key = renewed.GetECDsaPrivateKey()!) System.IO.File.WriteAllText(File("tls.key"), key.ExportPkcs8PrivateKeyPem());
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(renewed.Thumbprint, tls.Certificate!.Thumbprint);
    }

    [Fact]
    public void Files_ThatVanish_LeaveWhatWasRead()
    {
        using var authority = new TestAuthority();
        Write(authority);
        var tls = Follow();
        var before = tls.Certificate;
        System.IO.File.Delete(File("tls.crt"));
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Same(before, tls.Certificate);
        Assert.Single(_said);
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string File(string name) => Path.Combine(_folder, name);

    private void Write(TestAuthority authority)
    {
        TestAuthority.Write(authority.Valid(), File("tls.crt"));
        System.IO.File.WriteAllText(File("ca.crt"), authority.Certificate.ExportCertificatePem());
    }

    private TlsMaterial Follow() => TlsMaterial.OfFiles([File("tls.crt"), File("tls.key"), File("ca.crt")], () =>
    {
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(File("ca.crt"));
            return new(X509Certificate2.CreateFromPemFile(File("tls.crt"), File("tls.key")), authorities);
        }
        catch (Exception error) when (error is System.Security.Cryptography.CryptographicException or ArgumentException)
        {
            throw new UserErrorException(error.Message, error);
        }
    }, _said.Add, _time);

    private static async Task<WebApplication> ServeAsync(TlsMaterial tls)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, endpoint => ServerTransport.ServeHttp2(endpoint, tls, new ServerLimits())));
        var app = builder.Build();
        app.Run(context => context.Response.WriteAsync("here"));
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    /// <summary>Whether a new connection comes about with somebody who trusts this authority alone.</summary>
    private static async Task<bool> IsTrustedAsync(Uri address, TestAuthority authority)
    {
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(address.Host, address.Port, TestContext.Current.CancellationToken);
        await using var tls = new SslStream(client.GetStream());
        var options = AuthorityTrust.ClientOf([authority.Certificate], null);
        (options.TargetHost, options.ApplicationProtocols) = ("localhost", [SslApplicationProtocol.Http2]);
        try
        {
            await tls.AuthenticateAsClientAsync(options, TestContext.Current.CancellationToken);
            return true;
        }
        catch (AuthenticationException)
        {
            return false;
        }
    }

    private sealed class Clock : TimeProvider
    {
        private long _now;

        public override long GetTimestamp() => Volatile.Read(ref _now);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan time) => Interlocked.Add(ref _now, time.Ticks);
    }
}
