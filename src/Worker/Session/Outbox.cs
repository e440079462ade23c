using Atelier.Protos;

namespace Atelier.Worker.Session;

/// <summary>
/// What the worker has to tell the coordinator. The report about the run replaces the one before it; everything else waits in
/// order, also while no coordinator is there. What a run depends on is numbered and kept until it is acknowledged, and sent
/// again over the next stream otherwise.
/// </summary>
public sealed class Outbox : IDisposable
{
    /// <summary>Most messages that wait; then the oldest are dropped, log lines first.</summary>
    private const int Capacity = 4096;

    private const int SlicesRepeated = 8;

    private readonly Lock _gate = new();
    private readonly LinkedList<WorkerMessage> _unsent = new();
    private readonly LinkedList<WorkerMessage> _unacknowledged = new();
    private readonly Queue<SliceReport> _slices = new();
    private readonly SemaphoreSlim _news = new(0, 1);
    private Draining? _draining;
    private long _number;
    private bool _hasProgressed;

    /// <summary>Adds a message.</summary>
    public void Add(WorkerMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        lock (_gate)
        {
            if (message.SliceReport is { } slice)
            {
                _slices.Enqueue(slice);
                if (_slices.Count > SlicesRepeated)
                    _slices.Dequeue();
            }
            _draining = message.Draining ?? _draining;
            Enqueue(message);
        }
        Wake();
    }

    /// <summary>The report about the run has changed.</summary>
    public void Wake()
    {
        lock (_news)
        {
            if (_news.CurrentCount == 0)
                _news.Release();
        }
    }

    /// <summary>The held state has changed: told with the next report, and not more often than people and decisions need it.</summary>
    public void Progressed() => Volatile.Write(ref _hasProgressed, true);

    /// <summary>Everything up to a number was taken by the coordinator.</summary>
    public void Acknowledge(long upTo)
    {
        lock (_gate)
        {
            while (_unacknowledged.First is { } first && first.Value.Number <= upTo)
                _unacknowledged.RemoveFirst();
        }
    }

    /// <summary>
    /// A new stream begins: what was sent and not acknowledged is sent again, as is what a coordinator that took over may not
    /// have kept although it was acknowledged by the one before it (the last slices, and that this worker is leaving).
    /// </summary>
    public void Rewind()
    {
        lock (_gate)
        {
            while (_unacknowledged.Last is { } last)
            {
                _unacknowledged.RemoveLast();
                _unsent.AddFirst(last);
            }
            foreach (var slice in _slices.Where(slice => !_unsent.Any(message => ReferenceEquals(message.SliceReport, slice))).ToList())
                Enqueue(new WorkerMessage { SliceReport = slice });
            if (_draining is { } draining && !_unsent.Any(message => message.Draining is not null))
                Enqueue(new WorkerMessage { Draining = draining });
        }
        Wake();
    }

    /// <inheritdoc/>
    public void Dispose() => _news.Dispose();

    /// <summary>Whether the held state has changed since this was asked last.</summary>
    internal bool TakeProgress() => Interlocked.Exchange(ref _hasProgressed, false);

    /// <summary>The oldest message that was not sent over this stream.</summary>
    internal bool TryTake(out WorkerMessage? message)
    {
        lock (_gate)
        {
            message = _unsent.First?.Value;
            if (message is null)
                return false;
            _unsent.RemoveFirst();
            if (message.Number > 0)
                _unacknowledged.AddLast(message);
            return true;
        }
    }

    /// <summary>Waits until there may be something to send, or a time has passed.</summary>
    /// <returns>Whether there may be something.</returns>
    internal Task<bool> WaitAsync(TimeSpan most, CancellationToken cancellation) => _news.WaitAsync(most, cancellation);

    private static bool IsKept(WorkerMessage message) => message.MessageCase switch
    {
        WorkerMessage.MessageOneofCase.RunNote or WorkerMessage.MessageOneofCase.SliceReport or WorkerMessage.MessageOneofCase.StateDigest => true,
        WorkerMessage.MessageOneofCase.DataFacts or WorkerMessage.MessageOneofCase.Draining => true,
        WorkerMessage.MessageOneofCase.PartReport => message.PartReport.News != PartNews.Progress,
        _ => false,
    };

    private void Enqueue(WorkerMessage message)
    {
        if (IsKept(message))
            message.Number = ++_number;
        _unsent.AddLast(message);
        if (_unsent.Count + _unacknowledged.Count <= Capacity)
            return;
        var log = _unsent.FirstOrDefault(waiting => waiting.Number == 0);
        if (log is not null)
            _unsent.Remove(log);
        else
            (_unacknowledged.Count > 0 ? _unacknowledged : _unsent).RemoveFirst();
    }
}
