using System.Threading.Channels;
using Atelier.Protos;
using Grpc.Core;

namespace Atelier.Coordinator.Fleet;

/// <summary>The coordinator's end of a worker's stream: messages wait here until the stream takes them.</summary>
internal sealed class WorkerConnection : IWorkerConnection, IDisposable
{
    /// <summary>More than this many unsent orders mean that the worker does not read: it is cut off, and attaches again.</summary>
    private const int MostUnsent = 1024;

    private readonly Channel<WireMessage> _unsent = Channel.CreateBounded<WireMessage>(new BoundedChannelOptions(MostUnsent) { SingleReader = true });
    private readonly CancellationTokenSource _ended = new();
    private Ending? _ending;
    private bool _isDisposed;

    /// <summary>Ends when the coordinator ends the stream.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>What to tell the worker at the end; null while the coordinator has not ended the stream.</summary>
    public Status? Status => _ending?.Status;

    /// <inheritdoc/>
    public Task SendAsync(WireMessage message)
    {
        Send(message);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task EndAsync(string reason)
    {
        End(new Status(StatusCode.Aborted, reason));
        return Task.CompletedTask;
    }

    public void Send(CoordinatorMessage message) => Send(new WireMessage(message));

    private void Send(WireMessage message)
    {
        if (!_unsent.Writer.TryWrite(message)) End(new Status(StatusCode.ResourceExhausted, $"{MostUnsent} messages wait for this worker to read them"));
    }

    public void End(Status status)
    {
        Interlocked.CompareExchange(ref _ending, new Ending(status), null);
        _unsent.Writer.TryComplete();
        lock (_ended)
            if (!_isDisposed) _ended.Cancel();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // A grain may still end it.
        lock (_ended)
        {
            _isDisposed = true;
            _ended.Dispose();
        }
    }

    /// <summary>Writes what comes until the stream ends.</summary>
    public async Task WriteToAsync(IServerStreamWriter<WireMessage> responses, CancellationToken cancellation)
    {
        await foreach (var message in _unsent.Reader.ReadAllAsync(cancellation)) await responses.WriteAsync(message, cancellation);
    }

    private sealed record Ending(Status Status);
}
