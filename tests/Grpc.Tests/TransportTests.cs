using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Atelier.Grpc.Tests.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Atelier.Grpc.Tests;

/// <summary>Calls over TLS, over Unix sockets, and to nobody.</summary>
public sealed class TransportTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tls_WithTheRootAsTrust_Calls()
    {
        using var certificate = SelfSigned();
        await using var server = await ProbeServer.StartAsync(kestrel: options => ListenTls(options, certificate));
        using var channel = Channel(server, new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { certificate },
            RevocationMode = X509RevocationMode.NoCheck,
        });

        Assert.Equal("x", (await new Probe.ProbeClient(channel).UnaryAsync(new ProbeMessage { Text = "x" }, cancellationToken: Token)).Text);
    }

    [Fact]
    public async Task Tls_WithAnUnknownRoot_IsUnavailable()
    {
        using var certificate = SelfSigned();
        await using var server = await ProbeServer.StartAsync(kestrel: options => ListenTls(options, certificate));
        using var channel = Channel(server, new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck });

        var failure = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Probe.ProbeClient(channel).UnaryAsync(new ProbeMessage(), cancellationToken: Token));
        Assert.NotEqual(StatusCode.OK, failure.StatusCode);
        Assert.Contains("certificate", failure.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task UnixSocket_ThroughTheHandler_Calls()
    {
        var path = Path.Combine(Path.GetTempPath(), $"atelier-{Guid.NewGuid():N}.sock");
        await using var server = await ProbeServer.StartAsync(
            kestrel: options => options.ListenUnixSocket(path, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        using var channel = GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions
        {
            DisposeHttpClient = true,
            HttpHandler = new SocketsHttpHandler
            {
                ConnectCallback = async (_, cancellation) =>
                {
                    var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            },
        });

        Assert.Equal("x", (await new Probe.ProbeClient(channel).UnaryAsync(new ProbeMessage { Text = "x" }, cancellationToken: Token)).Text);
    }

    [Fact]
    public async Task Call_ToNobody_IsUnavailable()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var address = $"http://{listener.LocalEndpoint}";
        listener.Stop();
        using var channel = GrpcChannel.ForAddress(address);

        var failure = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Probe.ProbeClient(channel).UnaryAsync(new ProbeMessage(), cancellationToken: Token));
        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
    }

    [Fact]
    public async Task Server_ThatGoesAway_EndsItsStreams()
    {
        var server = await ProbeServer.StartAsync();
        using var channel = GrpcChannel.ForAddress(server.Address);
        using var call = new Probe.ProbeClient(channel).Chat(cancellationToken: Token);
        await call.RequestStream.WriteAsync(new ProbeMessage { Text = "x" }, Token);
        Assert.True(await call.ResponseStream.MoveNext(Token));
        var next = call.ResponseStream.MoveNext(Token);

        await server.DisposeAsync();

        Assert.NotEqual(StatusCode.OK, (await Assert.ThrowsAsync<RpcException>(() => next)).StatusCode);
    }

    private static GrpcChannel Channel(ProbeServer server, X509ChainPolicy policy) =>
        GrpcChannel.ForAddress($"https://localhost:{server.Address.Port}", new GrpcChannelOptions
        {
            DisposeHttpClient = true,
            HttpHandler = new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy } },
        });

    private static void ListenTls(KestrelServerOptions options, X509Certificate2 certificate) =>
        options.Listen(IPAddress.Loopback, 0, endpoint =>
        {
            endpoint.Protocols = HttpProtocols.Http2;
            endpoint.UseHttps(certificate);
        });

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
