using System.Threading.Channels;
using Atelier.Protos;
using Google.Protobuf;
using Grpc.Core;
using Orleans;

namespace Atelier.Coordinator.Fleet;

/// <summary>The coordinator's end of a worker's stream: messages wait here until the stream takes them.</summary>
internal sealed class WorkerConnection : IDisposable
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

    /// <summary>Whether it need not come back.</summary>
    public bool IsBan => _ending?.IsBan == true;

    /// <summary>Sends a message.</summary>
    public void Send(CoordinatorMessage message) => Send(new WireMessage(message));

    /// <summary>Sends a message.</summary>
    public void Send(WireMessage message)
    {
        if (!_unsent.Writer.TryWrite(message)) End(new Status(StatusCode.ResourceExhausted, $"{MostUnsent} messages are waiting for this worker to read them"));
    }

    /// <summary>Ends the stream; the first word is the last.</summary>
    /// <param name="status">What the worker is told.</param>
    /// <param name="isBan">Whether it need not come back.</param>
    public void End(Status status, bool isBan = false)
    {
        Interlocked.CompareExchange(ref _ending, new Ending(status, isBan), null);
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

    private sealed record Ending(Status Status, bool IsBan);
}

/// <summary>
/// A message to workers, as grains pass it on. It never changes, and is encoded once, however many workers get it: a
/// generation of a thousand is told a thousand times who its thousand members are.
/// </summary>
[GenerateSerializer, Immutable, Alias("atelier.wire-message")]
public sealed class WireMessage
{
    [Id(0)]
    private readonly byte[] _bytes;

    /// <summary>Encodes a message.</summary>
    public WireMessage(CoordinatorMessage message) => _bytes = message.ToByteArray();

    /// <summary>The message as the stream has it.</summary>
    internal ReadOnlySpan<byte> Bytes => _bytes;
}
