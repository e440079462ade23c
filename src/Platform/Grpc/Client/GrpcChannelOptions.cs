namespace Grpc.Net.Client;

/// <summary>How a channel reaches its server.</summary>
public sealed class GrpcChannelOptions
{
    private const int DefaultMaxReceiveBytes = 4 * 1024 * 1024;

    /// <summary>
    /// Makes the connections: root certificates, client certificates, keep-alive pings and Unix sockets are its
    /// (<see cref="SocketsHttpHandler"/>). Null for one of the channel's own.
    /// </summary>
    public HttpMessageHandler? HttpHandler { get; set; }

    /// <summary>Whether the channel disposes <see cref="HttpHandler"/> with itself.</summary>
    public bool DisposeHttpClient { get; set; }

    /// <summary>The largest request, in bytes; null for any.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>The largest response, in bytes; null for any. 4 MiB unless set.</summary>
    public int? MaxReceiveMessageSize { get; set; } = DefaultMaxReceiveBytes;
}
