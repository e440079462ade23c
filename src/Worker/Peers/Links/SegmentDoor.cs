using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;

namespace Atelier.Worker.Peers.Links;

/// <summary>
/// Tells connections for segments from those that speak HTTP, on one port: by their first bytes. Who has a ticket came by a
/// call that was let in.
/// </summary>
/// <param name="options">How long an opening may take.</param>
internal sealed class SegmentDoor(PeerOptions options)
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
    public async Task EnterAsync(ConnectionContext connection, ConnectionDelegate http)
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
