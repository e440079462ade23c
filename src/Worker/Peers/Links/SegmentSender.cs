using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Atelier.Worker.Peers.Links;

/// <summary>The connection that one rank's segments to another go over, from where they lie. One send at a time.</summary>
internal sealed class SegmentSender : IDisposable
{
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
    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The other one is not trusted.</exception>
    public static async Task<SegmentSender> OpenAsync(PeerAddress address, PeerSecurity security, ReadOnlyMemory<byte> ticket, CancellationToken cancellation)
    {
        var socket = address.Unix is null
            ? new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        SslStream? tls = null;
        try
        {
            if (address.Unix is { } unix)
                await socket.ConnectAsync(unix.EndPoint, cancellation).ConfigureAwait(false);
            else
                await socket.ConnectAsync(address.Uri!.IdnHost, address.Uri.Port, cancellation).ConfigureAwait(false);
            if (address.IsEncrypted)
            {
                tls = new SslStream(new NetworkStream(socket));
                var options = security.ClientTls();
                options.TargetHost = address.Uri!.IdnHost;
                await tls.AuthenticateAsClientAsync(options, cancellation).ConfigureAwait(false);
            }
            var sender = new SegmentSender(socket, tls);
            byte[] opening = [.. SegmentDoor.Magic, .. ticket.Span];
            await sender.WriteAsync(opening, cancellation).ConfigureAwait(false);
            return sender;
        }
        catch
        {
            if (tls is not null)
                await tls.DisposeAsync().ConfigureAwait(false);
            socket.Dispose();
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
            if (await _socket.SendAsync(_parts).ConfigureAwait(false) != FrameHead.Bytes + segment.Length)
                throw new IOException("the connection took a part of a frame");
            return;
        }
        await WriteAsync(_head, CancellationToken.None).ConfigureAwait(false);
        if (segment.Length > 0)
            await WriteAsync(segment, CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Breaks the connection; what the system has taken still goes.</summary>
    public void Dispose()
    {
        _tls?.Dispose();
        _socket.Dispose();
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        if (_tls is not null)
            await _tls.WriteAsync(bytes, cancellation).ConfigureAwait(false);
        else
            await _socket.SendAsync(bytes, cancellation).ConfigureAwait(false);
    }
}
