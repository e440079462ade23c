using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace Atelier.Worker.Peers.Links;

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
    public async ValueTask<FrameHead?> ReadHeadAsync()
    {
        var read = await _input.ReadAtLeastAsync(FrameHead.Bytes).ConfigureAwait(false);
        if (read.Buffer.Length < FrameHead.Bytes)
            return read.Buffer.IsEmpty ? null : throw new IOException("the connection ended within a frame");
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
                throw new IOException("the connection ended within a segment");
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

    private FrameHead Take(ReadOnlySequence<byte> buffer)
    {
        Span<byte> head = stackalloc byte[FrameHead.Bytes];
        buffer.Slice(0, FrameHead.Bytes).CopyTo(head);
        _input.AdvanceTo(buffer.GetPosition(FrameHead.Bytes));
        return FrameHead.Read(head);
    }
}
