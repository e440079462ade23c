using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Atelier.Rpc.Transport;
using Google.Protobuf;
using Microsoft.AspNetCore.Connections;

namespace Atelier.Worker.Peers.Links;

/// <summary>
/// Tells connections for segments from those that speak HTTP, on one port: by their first bytes. Who has a ticket came by a
/// call that was let in.
/// </summary>
/// <param name="options">How long an opening may take.</param>
internal sealed class SegmentAcceptor(PeerOptions options)
{
    private const int TicketBytes = 32;

    private readonly ConcurrentDictionary<string, SegmentTicket> _tickets = new();

    /// <summary>What a connection for segments begins with, before its ticket.</summary>
    public static ReadOnlySpan<byte> Magic => "ATELIER1"u8;

    /// <summary>Whether a ticket may be one.</summary>
    public static bool IsTicket(ReadOnlySpan<byte> value) => value.Length == TicketBytes;

    /// <summary>A ticket for one connection; disposed when that is done with.</summary>
    public SegmentTicket Expect()
    {
        byte[] value = RandomNumberGenerator.GetBytes(TicketBytes);
        string key = Convert.ToHexString(value);
        var ticket = new SegmentTicket(value, () => _tickets.TryRemove(key, out _));
        _tickets[key] = ticket;
        return ticket;
    }

    /// <summary>Serves a connection to its end.</summary>
    /// <param name="connection">The connection, with TLS taken off.</param>
    /// <param name="http">Serves one that speaks HTTP.</param>
    public async Task AcceptAsync(ConnectionContext connection, ConnectionDelegate http)
    {
        try
        {
            using var late = new CancellationTokenSource(options.Limits.FirstMessage, options.Time);
            if (await IsOfSegmentsAsync(connection, late.Token).ConfigureAwait(false))
            {
                if (await TicketAsync(connection, late.Token).ConfigureAwait(false) is { } ticket)
                    await ServeAsync(connection, ticket).ConfigureAwait(false);
                return;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // It said nothing for too long, or broke.
            connection.Abort();
            return;
        }
        await http(connection).ConfigureAwait(false);
    }

    private static async Task<bool> IsOfSegmentsAsync(ConnectionContext connection, CancellationToken cancellation)
    {
        var read = await connection.Transport.Input.ReadAtLeastAsync(Magic.Length, cancellation).ConfigureAwait(false);
        bool isOne = read.Buffer.Length >= Magic.Length && read.Buffer.Slice(0, Magic.Length).ToArray().AsSpan().SequenceEqual(Magic);
        connection.Transport.Input.AdvanceTo(read.Buffer.Start);
        return isOne;
    }

    private async Task<SegmentTicket?> TicketAsync(ConnectionContext connection, CancellationToken cancellation)
    {
        int opening = Magic.Length + TicketBytes;
        var read = await connection.Transport.Input.ReadAtLeastAsync(opening, cancellation).ConfigureAwait(false);
        if (read.Buffer.Length < opening)
            return null;
        string key = Convert.ToHexString(read.Buffer.Slice(Magic.Length, TicketBytes).ToArray());
        connection.Transport.Input.AdvanceTo(read.Buffer.GetPosition(opening));
        return _tickets.TryRemove(key, out var ticket) ? ticket : null;
    }

    private static async Task ServeAsync(ConnectionContext connection, SegmentTicket ticket)
    {
        var receiver = new SegmentReceiver(connection);
        if (ticket.TryUse(receiver))
            await receiver.Closed.ConfigureAwait(false);
    }
}

/// <summary>Lets one connection for segments in.</summary>
/// <param name="value">What it begins with.</param>
/// <param name="returned">Called when no connection is to come any more.</param>
internal sealed class SegmentTicket(byte[] value, Action returned) : IDisposable
{
    private readonly TaskCompletionSource<SegmentReceiver> _came = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What the connection is opened with.</summary>
    public ByteString Value { get; } = ByteString.CopyFrom(value);

    /// <summary>The connection, when it has come.</summary>
    public Task<SegmentReceiver> Came => _came.Task;

    /// <summary>The connection has come. False where nobody waits for it any more.</summary>
    public bool TryUse(SegmentReceiver connection) => _came.TrySetResult(connection);

    /// <summary>Ends the connection, or refuses it.</summary>
    public void Dispose()
    {
        returned();
        if (!_came.TrySetCanceled() && _came.Task.IsCompletedSuccessfully)
            _came.Task.Result.Close();
    }
}

/// <summary>The connection that another rank's segments come over. One read at a time.</summary>
internal sealed class SegmentReceiver
{
    private readonly ConnectionContext _connection;
    private readonly PipeReader _input;
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="connection">The connection, whose opening was read.</param>
    public SegmentReceiver(ConnectionContext connection) => (_connection, _input) = (connection, connection.Transport.Input);

    /// <summary>Ends when nothing reads it any more.</summary>
    public Task Closed => _closed.Task;

    /// <summary>Waits for a frame.</summary>
    /// <returns>What it begins with; null where the connection ended between two frames.</returns>
    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="InvalidDataException">This is no frame.</exception>
    public async ValueTask<FrameHeader?> ReadHeaderAsync()
    {
        var read = await _input.ReadAtLeastAsync(FrameHeader.Bytes).ConfigureAwait(false);
        if (read.Buffer.Length < FrameHeader.Bytes)
            return read.Buffer.IsEmpty ? null : throw new IOException("the connection closed in the middle of a frame");
        return Take(read.Buffer);
    }

    /// <summary>Reads the segment that a frame carries.</summary>
    /// <param name="room">Filled.</param>
    /// <exception cref="IOException">The connection broke.</exception>
    public async ValueTask ReadSegmentAsync(Memory<byte> room)
    {
        while (room.Length > 0)
        {
            var read = await _input.ReadAsync().ConfigureAwait(false);
            if (read.IsCompleted && read.Buffer.IsEmpty)
                throw new IOException("the connection closed in the middle of a segment");
            var bytes = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, room.Length));
            bytes.CopyTo(room.Span);
            room = room[(int)bytes.Length..];
            _input.AdvanceTo(bytes.End);
        }
    }

    /// <summary>Gives the connection back, to be closed; nothing reads it any more.</summary>
    public void Close() => _closed.TrySetResult();

    /// <summary>Breaks the connection, and a read that waits.</summary>
    public void Abort() => _connection.Abort();

    private FrameHeader Take(ReadOnlySequence<byte> buffer)
    {
        Span<byte> head = stackalloc byte[FrameHeader.Bytes];
        buffer.Slice(0, FrameHeader.Bytes).CopyTo(head);
        _input.AdvanceTo(buffer.GetPosition(FrameHeader.Bytes));
        return FrameHeader.Read(head);
    }
}

/// <summary>The connection that one rank's segments to another go over, from where they lie. One send at a time.</summary>
internal sealed class SegmentSender : IDisposable
{
    private static readonly TimeSpan KeepAliveInterval = TimeSpan.FromSeconds(1);

    private readonly Socket _socket;
    private readonly SslStream? _tls;
    private readonly byte[] _head = new byte[FrameHeader.Bytes];
    private readonly ArraySegment<byte>[] _parts = new ArraySegment<byte>[2];

    private SegmentSender(Socket socket, SslStream? tls) => (_socket, _tls, _parts[0]) = (socket, tls, _head);

    /// <summary>Opens one.</summary>
    /// <param name="address">The other rank.</param>
    /// <param name="security">What is trusted.</param>
    /// <param name="ticket">What the other rank lets it in with.</param>
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
            byte[] opening = [.. SegmentAcceptor.Magic, .. ticket.Span];
            await sender.WriteAsync(opening, either.Token).ConfigureAwait(false);
            return sender;
        }
        catch (Exception e)
        {
            if (tls is not null)
                await tls.DisposeAsync().ConfigureAwait(false);
            socket.Dispose();
            if (e is OperationCanceledException && late.IsCancellationRequested && !cancellation.IsCancellationRequested)
                throw new IOException($"no data connection within {ClientTransport.ConnectTimeout.TotalSeconds:0.#} s", e);
            throw;
        }
    }

    /// <summary>Sends a frame; ends when the system has taken it.</summary>
    /// <exception cref="SocketException">The connection broke.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public async Task SendAsync(FrameHeader head, ReadOnlyMemory<byte> segment)
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
