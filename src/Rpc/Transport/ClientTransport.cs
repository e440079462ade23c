using System.Net.Security;
using System.Net.Sockets;
using Atelier.Core;
using Grpc.Net.Client;

namespace Atelier.Rpc.Transport;

/// <summary>Connections of gRPC channels: kept alive by pings, so that a peer that vanished without a word is noticed.</summary>
public static class ClientTransport
{
    /// <summary>How long a connection may be silent before it is asked whether it lives.</summary>
    public static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(5);

    /// <summary>How long the answer may take; then the connection is closed, and its calls fail.</summary>
    public static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long a connection may take to come about.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    // The same towards a coordinator: one that is frozen is noticed within 5 s, and within 4 s where another one can be asked instead.
    private static readonly TimeSpan CoordinatorPingAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CoordinatorPingTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ReplicaPingTimeout = TimeSpan.FromSeconds(1.5);

    // A chunk of a state fits without waiting for the receiver's leave.
    private const int WindowBytes = 4 << 20;

    /// <summary>Connects over TCP.</summary>
    /// <param name="tls">What is trusted and shown, for <c>https</c> addresses; null for the system's trust.</param>
    public static SocketsHttpHandler Tcp(SslClientAuthenticationOptions? tls = null)
    {
        var handler = Create();
        if (tls is not null) handler.SslOptions = tls;
        return handler;
    }

    /// <summary>Connects to a socket of this machine, whatever the channel's address is.</summary>
    public static SocketsHttpHandler Unix(UnixSocketPath path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var handler = Create();
        handler.ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(path.EndPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        };
        return handler;
    }

    /// <summary>Has a handler serve a channel to a coordinator.</summary>
    /// <param name="handler">Changed.</param>
    /// <param name="connectTimeout">How long a connection may take to come about; null for <see cref="ConnectTimeout"/>.</param>
    /// <param name="hasReplicas">Whether another coordinator can be asked instead.</param>
    internal static SocketsHttpHandler ToCoordinator(SocketsHttpHandler handler, TimeSpan? connectTimeout, bool hasReplicas)
    {
        (handler.KeepAlivePingDelay, handler.KeepAlivePingTimeout) = (CoordinatorPingAfter, hasReplicas ? ReplicaPingTimeout : CoordinatorPingTimeout);
        handler.ConnectTimeout = connectTimeout ?? ConnectTimeout;
        return handler;
    }

    private static SocketsHttpHandler Create() => new()
    {
        EnableMultipleHttp2Connections = true,
        UseProxy = false, // peers and coordinators are reached directly; a proxy of the environment speaks no HTTP/2 to them
        ConnectTimeout = ConnectTimeout,
        KeepAlivePingDelay = PingAfter,
        KeepAlivePingTimeout = PingTimeout,
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        InitialHttp2StreamWindowSize = WindowBytes,
    };
}

/// <summary>Channels by address: <c>http://HOST:PORT</c>, <c>https://HOST:PORT</c> or <c>unix:PATH</c>.</summary>
public static class CoordinatorChannel
{
    private const string SocketScheme = "unix:";

    /// <summary>Opens a channel; nothing is connected yet.</summary>
    /// <param name="address">The address.</param>
    /// <param name="tls">What is trusted and shown, for <c>https</c>; null for the system's trust.</param>
    /// <param name="carriesToken">Whether calls carry a token, which does not travel in the clear beyond this machine.</param>
    /// <param name="connectTimeout">How long a connection may take to come about; null for <see cref="ClientTransport.ConnectTimeout"/>.</param>
    /// <param name="hasReplicas">Whether another coordinator can be asked instead: one that is silent is given up sooner.</param>
    /// <exception cref="UserErrorException">It is no such address, or a token would be seen on the way.</exception>
    public static GrpcChannel Open(string address, SslClientAuthenticationOptions? tls, bool carriesToken = false, TimeSpan? connectTimeout = null, bool hasReplicas = false)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.StartsWith(SocketScheme, StringComparison.Ordinal))
            return GrpcChannel.ForAddress("http://localhost", new() { HttpHandler = ClientTransport.ToCoordinator(ClientTransport.Unix(new(address[SocketScheme.Length..])), connectTimeout, hasReplicas), DisposeHttpClient = true });
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.PathAndQuery != "/")
            throw new UserErrorException($"`{address}` is not a coordinator address; use http://HOST:PORT, https://HOST:PORT or unix:PATH");
        if (carriesToken && uri.Scheme == Uri.UriSchemeHttp && !uri.IsLoopback)
            throw new UserErrorException($"everyone on the way to {address} could read the token; reach a coordinator on another machine with TLS, at https://{uri.Authority}");
        return GrpcChannel.ForAddress(uri, new() { HttpHandler = ClientTransport.ToCoordinator(ClientTransport.Tcp(tls), connectTimeout, hasReplicas), DisposeHttpClient = true });
    }
}
