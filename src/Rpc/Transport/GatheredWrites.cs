using System.IO.Pipelines;

namespace Atelier.Rpc.Transport;

/// <summary>
/// A connection whose writes are gathered while the one before them is under way. HttpClient writes 32 KiB at a time, and each
/// write costs the system, and the receiver, as much as one of several times as much. For connections that carry much: a write
/// has ended when it was taken, and what the connection says of it comes with a later one.
/// </summary>
internal sealed class GatheredWrites : Stream
{
    private const int BlockBytes = 1 << 17;
    private const int MostWaitingBytes = 4 * BlockBytes;

    private static readonly PipeOptions Waiting = new(minimumSegmentSize: BlockBytes, pauseWriterThreshold: MostWaitingBytes, resumeWriterThreshold: MostWaitingBytes / 2, useSynchronizationContext: false);

    private readonly Stream _connection;
    private readonly Pipe _waiting = new(Waiting);

    /// <summary>Wraps a connection, which is disposed with this.</summary>
    public GatheredWrites(Stream connection)
    {
        _connection = connection;
        _ = SendAsync();
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => _connection.Read(buffer, offset, count);

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _connection.ReadAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    /// <inheritdoc/>
    /// <exception cref="IOException">The connection is closed, or broke at an earlier write.</exception>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var taken = await _waiting.Writer.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (taken.IsCompleted)
            throw new IOException("the connection is closed");
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            // A write under way fails, and the sending ends.
            _connection.Dispose();
            _waiting.Reader.CancelPendingRead();
        }
        base.Dispose(disposing);
    }

    private async Task SendAsync()
    {
        Exception? failure = null;
        try
        {
            while (true)
            {
                var read = await _waiting.Reader.ReadAsync().ConfigureAwait(false);
                if (read.IsCanceled)
                    break;
                foreach (var block in read.Buffer)
                    await _connection.WriteAsync(block).ConfigureAwait(false);
                _waiting.Reader.AdvanceTo(read.Buffer.End);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            failure = e as IOException ?? new IOException(e.Message, e);
        }
        await _waiting.Reader.CompleteAsync(failure).ConfigureAwait(false);
    }
}
