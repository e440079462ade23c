using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Atelier.Rpc.Transport;

namespace Atelier.Worker.Peers.Links;

/// <summary>The connection that one rank's segments to another go over, from where they lie. One send at a time.</summary>
internal sealed class SegmentSender : IDisposable
{
    private static readonly TimeSpan KeepAliveInterval = TimeSpan.FromSeconds(1);

    private readonly Socket _socket;
    private readonly SslStream? _tls;
    private readonly byte[] _head = new byte[FrameHead.Bytes];
    private readonly ArraySegment<byte>[] _parts = new ArraySegment<byte>[2];

    private SegmentSender(Socket socket, SslStream? tls) => (_socket, _tls, _parts[0]) = (socket, tls, _head);

    /// <summary>Opens one.</summary>
    /// <param name="address">The other rank.</param>
    /// <param name="security">What is trusted.</param>
    /// <param name="ticket">What the other rank lets it in with.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <exception cref="SocketException">Nobody listens there.</exception>
    /// <exception cref="IOException">The connection broke, or did not come about in time.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The other one is not trusted.</exception>
    public static async Task<SegmentSender> OpenAsync(PeerAddress address, PeerSecurity security, ReadOnlyMemory<byte> ticket, CancellationToken cancellation)
    {
        var socket = address.Unix is null ? Tcp() : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        SslStream? tls = null;
        using var late = new CancellationTokenSource(ClientTransport.ConnectTimeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            if (address.Unix is { } unix)
                await socket.ConnectAsync(unix.EndPoint, either.Token).ConfigureAwait(false);
            else
                await socket.ConnectAsync(address.Uri!.IdnHost, address.Uri.Port, either.Token).ConfigureAwait(false);
            if (address.IsEncrypted)
            {
                tls = new SslStream(new NetworkStream(socket));
                var options = security.ClientTls();
                options.TargetHost = address.Uri!.IdnHost;
                await tls.AuthenticateAsClientAsync(options, either.Token).ConfigureAwait(false);
            }
            var sender = new SegmentSender(socket, tls);
            byte[] opening = [.. SegmentDoor.Magic, .. ticket.Span];
            await sender.WriteAsync(opening, either.Token).ConfigureAwait(false);
            return sender;
        }
        catch (Exception e)
        {
            if (tls is not null)
                await tls.DisposeAsync().ConfigureAwait(false);
            socket.Dispose();
            if (e is OperationCanceledException && late.IsCancellationRequested && !cancellation.IsCancellationRequested)
                throw new IOException($"no connection for segments came about in {ClientTransport.ConnectTimeout.TotalSeconds:0.#} s", e);
            throw;
        }
    }

    /// <summary>Sends a frame; ends when the system has taken it.</summary>
    /// <exception cref="SocketException">The connection broke.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public async Task SendAsync(FrameHead head, ReadOnlyMemory<byte> segment)
    {
        head.Write(_head);
        if (_tls is null && segment.Length > 0 && MemoryMarshal.TryGetArray(segment, out _parts[1]))
        {
            // Unix takes all, or the connection is broken.
            await _socket.SendAsync(_parts).ConfigureAwait(false);
            return;
        }
        await WriteAsync(_head, CancellationToken.None).ConfigureAwait(false);
        if (segment.Length > 0)
            await WriteAsync(segment, CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Breaks the connection, and a send that waits. What the system has taken may still go, or be lost.</summary>
    public void Dispose()
    {
        // The connection first, which ends a send that waits.
        _socket.Dispose();
        _tls?.Dispose();
    }

    // Pings of the call go another way; what lies between may forget a connection on which nothing goes.
    private static Socket Tcp()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, (int)ClientTransport.PingAfter.TotalSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, (int)KeepAliveInterval.TotalSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, (int)(ClientTransport.PingTimeout / KeepAliveInterval));
        return socket;
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        if (_tls is not null)
            await _tls.WriteAsync(bytes, cancellation).ConfigureAwait(false);
        else
            await _socket.SendAsync(bytes, cancellation).ConfigureAwait(false);
    }
}
