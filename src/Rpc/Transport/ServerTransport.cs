using System.Globalization;
using System.Net.Security;
using Grpc.Core;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;

namespace Atelier.Rpc.Transport;

/// <summary>Limits on clients that are hostile or broken: every wait for a client has a deadline.</summary>
public sealed record ServerLimits
{
    /// <summary>How long a TLS handshake may take.</summary>
    public TimeSpan Handshake { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a call's headers may take to arrive, once they began.</summary>
    public TimeSpan Headers { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection may be without a call, from its beginning on.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a request that is not a stream may arrive at fewer than <see cref="MinBytesPerSecond"/>.</summary>
    public TimeSpan SlowRequest { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a stream or a connection for segments may be open before its first message, which identifies the caller.</summary>
    public TimeSpan FirstMessage { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Concurrent connections; further ones are closed as soon as they are accepted.</summary>
    public int Connections { get; init; } = 8192;

    /// <summary>Concurrent calls over one connection.</summary>
    public int CallsPerConnection { get; init; } = 100;

    /// <summary>The lowest data rate of a request that is not a stream.</summary>
    internal const double MinBytesPerSecond = 240;
}

/// <summary>How a Kestrel server is set up whose calls are long streams.</summary>
public static class ServerTransport
{
    private const int StreamWindowBytes = 4 << 20;

    private const int ConnectionWindowBytes = 16 << 20;

    /// <summary>Sets the limits; where it listens is the caller's to say.</summary>
    public static void Configure(KestrelServerOptions options, ServerLimits limits)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(limits);
        // Kestrel would close the connection of a client that leaves responses unread for seconds, which a worker in its step does.
        // For streams of requests gRPC's package lifts the limits itself; requests that are no streams keep them.
        options.Limits.MinResponseDataRate = null;
        options.Limits.MinRequestBodyDataRate = new MinDataRate(ServerLimits.MinBytesPerSecond, limits.SlowRequest);
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

    /// <summary>Has an endpoint serve HTTP/2, with TLS if there is a certificate.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="tls">Its certificate, and authorities where callers are asked for a certificate, whose key they then prove to have; for <see cref="CallerCertificates"/> to judge.</param>
    /// <param name="limits">The limits, of which the handshake's is used.</param>
    public static void ServeHttp2(ListenOptions endpoint, TlsMaterial tls, ServerLimits limits)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(tls);
        ArgumentNullException.ThrowIfNull(limits);
        endpoint.Protocols = HttpProtocols.Http2;
        UseTls(endpoint, tls, limits, [SslApplicationProtocol.Http2]);
    }

    /// <summary>Has an endpoint serve HTTP/2 and, for browsers and scripts, HTTP/1.1 too; parameters as of <see cref="ServeHttp2"/>.</summary>
    public static void ServeHttp(ListenOptions endpoint, TlsMaterial tls, ServerLimits limits)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(tls);
        ArgumentNullException.ThrowIfNull(limits);
        if (tls.Certificate is null)
        {
            PlainHttpVersions.Serve(endpoint, limits);
            return;
        }

        endpoint.Protocols = HttpProtocols.Http1AndHttp2;
        UseTls(endpoint, tls, limits, [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11]);
    }

    private static void UseTls(ListenOptions endpoint, TlsMaterial tls, ServerLimits limits, List<SslApplicationProtocol> protocols)
    {
        if (tls.Certificate is null)
            return;
        endpoint.UseHttps(new TlsHandshakeCallbackOptions
        {
            HandshakeTimeout = limits.Handshake,
            // Asked for every handshake: certificates may be renewed.
            OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = tls.Context,
                ApplicationProtocols = protocols,
                ClientCertificateRequired = tls.Authorities is not null,
#pragma warning disable CA5359 // CallerCertificates judges callers', call by call, so that they are told what is wrong.
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
            }),
        });
    }

    /// <summary>
    /// Has Kestrel receive much at a time, and handle it where it was received instead of on another thread; for a server of few
    /// connections that carry much, not of thousands.
    /// </summary>
    public static void UseLargeBlocks(IServiceCollection services)
    {
        services.AddSingleton<IMemoryPoolFactory<byte>, LargeBlockMemoryPool.Factory>();
        services.Configure<SocketTransportOptions>(sockets => sockets.UnsafePreferInlineScheduling = true);
    }

    /// <summary>Refuses a call before anything of it is read, as gRPC does: a status in the headers of a response without content.</summary>
    /// <param name="response">The response, to which nothing was written.</param>
    /// <param name="status">The status.</param>
    /// <param name="message">What was wrong and what to change.</param>
    public static Task RefuseAsync(this HttpResponse response, StatusCode status, string message)
    {
        ArgumentNullException.ThrowIfNull(response);
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "application/grpc";
        response.Headers["grpc-status"] = ((int)status).ToString(CultureInfo.InvariantCulture);
        response.Headers["grpc-message"] = Uri.EscapeDataString(message);
        return Task.CompletedTask;
    }
}
