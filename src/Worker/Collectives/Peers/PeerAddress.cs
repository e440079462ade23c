using System.Net;
using Atelier.Core;
using Atelier.Rpc.Transport;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Atelier.Worker.Collectives.Peers;

/// <summary>Where a rank listens for others: an IP address with a port, or a Unix socket.</summary>
public sealed record PeerAddress
{
    private const string UnixScheme = "unix:";

    private readonly IPEndPoint? _tcp;
    private readonly UnixSocketPath? _unix;

    /// <summary>An address of TCP; port 0 lets the system choose one.</summary>
    public PeerAddress(IPEndPoint tcp) => _tcp = tcp;

    /// <summary>A Unix socket.</summary>
    public PeerAddress(UnixSocketPath unix) => _unix = unix;

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    /// <exception cref="UserErrorException">It is no address.</exception>
    public static PeerAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.StartsWith(UnixScheme, StringComparison.Ordinal))
            return new PeerAddress(new UnixSocketPath(text[UnixScheme.Length..]));
        return IPEndPoint.TryParse(text, out var tcp)
            ? new PeerAddress(tcp)
            : throw new UserErrorException($"'{text}' is no address of a peer: 127.0.0.1:5000 or unix:/tmp/peer would be");
    }

    /// <inheritdoc/>
    public override string ToString() => _tcp?.ToString() ?? UnixScheme + _unix;

    /// <summary>Makes a server listen here.</summary>
    internal void Listen(KestrelServerOptions options)
    {
        static void Speak(ListenOptions endpoint) => endpoint.Protocols = HttpProtocols.Http2;
        if (_tcp is not null)
            options.Listen(_tcp, Speak);
        else
            options.ListenUnixSocket(_unix!.Path, Speak);
    }

    /// <summary>This address with the port that the system chose.</summary>
    /// <param name="bound">What the server says it listens at.</param>
    internal PeerAddress Bound(Uri bound) => _tcp is { Port: 0 } ? new PeerAddress(new IPEndPoint(_tcp.Address, bound.Port)) : this;

    /// <summary>A channel to whoever listens here.</summary>
    /// <param name="mostBytes">Size of the largest message.</param>
    internal GrpcChannel Connect(int mostBytes) => GrpcChannel.ForAddress(
        _tcp is null ? "http://localhost" : $"http://{_tcp}",
        new GrpcChannelOptions
        {
            HttpHandler = _unix is null ? ClientTransport.Tcp() : ClientTransport.Unix(_unix),
            DisposeHttpClient = true,
            MaxSendMessageSize = null,
            MaxReceiveMessageSize = mostBytes,
        });
}
