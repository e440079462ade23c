using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;

namespace Atelier.Rpc.Transport;

/// <summary>Limits of a Kestrel server whose calls are long streams.</summary>
public static class ServerTransport
{
    private const int StreamWindowBytes = 4 << 20;

    private const int ConnectionWindowBytes = 16 << 20;

    /// <summary>Has an endpoint speak HTTP/2, with TLS where there is a certificate.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="certificate">The certificate with its private key; null for none.</param>
    /// <param name="asksCallers">Whether callers are asked for a certificate, whose key they then prove to have; for <see cref="CallerCertificates"/> to judge.</param>
    /// <param name="limits">What it bears with.</param>
    public static void Speak(ListenOptions endpoint, X509Certificate2? certificate, bool asksCallers, ServerLimits limits)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(limits);
        endpoint.Protocols = HttpProtocols.Http2;
        if (certificate is null)
            return;
        endpoint.UseHttps(certificate, https =>
        {
            https.HandshakeTimeout = limits.Handshake;
            if (!asksCallers)
                return;
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.AllowAnyClientCertificate();
        });
    }

    /// <summary>Sets the limits; where it listens is the caller's to say.</summary>
    public static void Configure(KestrelServerOptions options, ServerLimits limits)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(limits);
        // Kestrel would close the connection of a client that leaves responses unread for seconds, which a worker in its step does.
        // Requests have their limits lifted call by call, and stay limited where they are no streams.
        options.Limits.MinResponseDataRate = null;
        options.Limits.MinRequestBodyDataRate = new MinDataRate(ServerLimits.SlowestBytesPerSecond, limits.SlowRequest);
        options.Limits.RequestHeadersTimeout = limits.Headers;
        options.Limits.KeepAliveTimeout = limits.Idle;
        options.Limits.MaxConcurrentConnections = limits.Connections;
        options.Limits.Http2.MaxStreamsPerConnection = limits.CallsPerConnection;
        options.Limits.Http2.KeepAlivePingDelay = ClientTransport.PingAfter;
        options.Limits.Http2.KeepAlivePingTimeout = ClientTransport.PingTimeout;
        options.Limits.Http2.InitialStreamWindowSize = StreamWindowBytes;
        options.Limits.Http2.InitialConnectionWindowSize = ConnectionWindowBytes;
        options.AddServerHeader = false;
    }

    /// <summary>
    /// Has Kestrel receive much at a time, and handle it where it was received instead of on another thread; for a server of few
    /// connections that carry much, not of thousands.
    /// </summary>
    public static void UseLargeBlocks(IServiceCollection services)
    {
        services.AddSingleton<IMemoryPoolFactory<byte>, LargeBlocks.Factory>();
        services.Configure<SocketTransportOptions>(sockets => sockets.UnsafePreferInlineScheduling = true);
    }
}
