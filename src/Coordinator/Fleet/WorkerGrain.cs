using System.Threading.Channels;
using Atelier.Protos;
using Google.Protobuf;
using Grpc.Core;
using Orleans;
using Orleans.Concurrency;
using Orleans.Placement;

namespace Atelier.Coordinator.Fleet;

/// <summary>
/// The way to a worker: it knows the stream that the worker has at the moment, on whichever replica. Its key is the worker's name. It stores
/// nothing: the replica that has the stream tells of it again and again. Nobody waits for it, nor it for a stream.
/// </summary>
[Alias("atelier.worker")]
public interface IWorkerGrain : IGrainWithStringKey
{
    /// <summary>The worker has a stream, which takes the place of those of earlier sessions.</summary>
    /// <param name="session">Rises with every stream of the worker.</param>
    /// <param name="stream">The stream.</param>
    /// <returns>False where the worker has a later stream.</returns>
    [Alias("Attach")]
    Task<bool> AttachAsync(long session, IWorkerConnection stream);

    /// <summary>A stream ended.</summary>
    [Alias("Detach"), OneWay]
    Task DetachAsync(long session);

    /// <summary>Sends a message, if the worker has a stream. What was sent last is not sent again at once.</summary>
    /// <param name="name">Tells messages apart: equal ones have equal names.</param>
    /// <param name="message">The message.</param>
    [Alias("Tell"), OneWay]
    Task TellAsync(string name, WireMessage message);

    /// <summary>Ends the worker's stream: it is no member any more.</summary>
    /// <param name="reason">What to tell it.</param>
    [Alias("Dismiss"), OneWay]
    Task DismissAsync(string reason);
}

/// <summary>A worker's stream, as grains see it.</summary>
[Alias("atelier.worker-connection")]
public interface IWorkerConnection : IGrainObserver
{
    /// <summary>Sends a message.</summary>
    [Alias("Send"), OneWay]
    Task SendAsync(WireMessage message);

    /// <summary>Ends the stream; the worker may attach again, and hears then if it may not.</summary>
    /// <param name="reason">What to tell the worker.</param>
    [Alias("End"), OneWay]
    Task EndAsync(string reason);
}

/// <summary>Forwards to the worker's present stream.</summary>
/// <param name="time">The clock.</param>
[PreferLocalPlacement]
public sealed class WorkerGrain(TimeProvider time) : Grain, IWorkerGrain
{
    /// <summary>Decisions ask again for what is not done; a stream loses nothing, so that asking now and then is enough.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(2);

    private IWorkerConnection? _stream;
    private long _session;
    private (string Name, DateTimeOffset At) _last;

    /// <inheritdoc/>
    public async Task<bool> AttachAsync(long session, IWorkerConnection stream)
    {
        if (session < _session) return false;
        if (session == _session && _stream is not null) return true;
        if (_stream is { } former) await former.EndAsync("the worker has reattached");
        (_stream, _session, _last) = (stream, session, default);
        return true;
    }

    /// <inheritdoc/>
    public Task DetachAsync(long session)
    {
        if (session == _session) _stream = null;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task TellAsync(string name, WireMessage message)
    {
        var now = time.GetUtcNow();
        if (_stream is not { } stream || (_last.Name == name && now - _last.At < Again)) return;
        _last = (name, now);
        await stream.SendAsync(message);
    }

    /// <inheritdoc/>
    public async Task DismissAsync(string reason)
    {
        if (_stream is not { } stream) return;
        _stream = null;
        await stream.EndAsync(reason);
    }
}

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

    /// <summary>Whether it need not come back.</summary>
    public bool IsBan => _ending?.IsBan == true;

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
