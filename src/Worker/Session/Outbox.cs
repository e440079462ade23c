using System.Threading.Channels;
using Atelier.Protos;

namespace Atelier.Worker.Session;

/// <summary>
/// What the worker has to tell the coordinator. The report about the run replaces the one before it; everything else waits
/// in order, also while no coordinator is there.
/// </summary>
public sealed class Outbox : IDisposable
{
    /// <summary>So many messages wait; then the oldest are dropped: notes and digests, without which a run goes on.</summary>
    private const int MostWaiting = 4096;

    private const int SlicesKept = 8;

    private readonly Channel<WorkerMessage> _messages = Channel.CreateBounded<WorkerMessage>(
        new BoundedChannelOptions(MostWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest });

    private readonly Queue<SliceReport> _slices = new();
    private readonly SemaphoreSlim _news = new(0, 1);
    private bool _hasProgressed;

    /// <summary>Adds a message.</summary>
    public void Add(WorkerMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (message.SliceReport is { } slice)
        {
            lock (_slices)
            {
                _slices.Enqueue(slice);
                if (_slices.Count > SlicesKept) _slices.Dequeue();
            }
        }
        _messages.Writer.TryWrite(message);
        Wake();
    }

    /// <summary>The report about the run has changed.</summary>
    public void Wake()
    {
        try
        {
            _news.Release();
        }
        catch (SemaphoreFullException)
        {
            // Whoever sends is awake already.
        }
    }

    /// <summary>The held state has changed: told with the next report, and not more often than people and decisions need it.</summary>
    public void Progressed() => Volatile.Write(ref _hasProgressed, true);

    /// <summary>Whether the held state has changed since this was asked last.</summary>
    internal bool TakeProgress() => Interlocked.Exchange(ref _hasProgressed, false);

    /// <summary>Tells a coordinator anew what one before it may not have kept: how the last slices went.</summary>
    public void Repeat()
    {
        lock (_slices)
        {
            foreach (var slice in _slices)
                _messages.Writer.TryWrite(new WorkerMessage { SliceReport = slice });
        }
        Wake();
    }

    /// <inheritdoc/>
    public void Dispose() => _news.Dispose();

    /// <summary>The oldest message that waits.</summary>
    internal bool TryTake(out WorkerMessage? message) => _messages.Reader.TryRead(out message);

    /// <summary>Waits until there may be something to send, or a time has passed.</summary>
    /// <returns>Whether there may be something.</returns>
    internal Task<bool> WaitAsync(TimeSpan most, CancellationToken cancellation) => _news.WaitAsync(most, cancellation);
}
