using System.Runtime.ExceptionServices;

namespace Atelier.Training.Data;

/// <summary>
/// Delivers batches by position, decoded ahead on its own threads. What a batch holds depends on its position alone:
/// any position may be asked for at any time, and one that is not the expected next restarts the reading there.
/// </summary>
/// <remarks>One consumer at a time. The threads share one lock, held only to take a batch number and to hand in a batch.</remarks>
public sealed class ImageLoader : IDisposable
{
    private readonly ImageDataset _dataset;
    private readonly Func<long, ImageDraw> _order;
    private readonly LoaderOptions _options;
    private readonly TimeProvider _time;
    private readonly Thread[] _threads;
    private readonly CancellationTokenSource _stop = new();
    private readonly object _gate = new();

    // Under _gate: batches from _next on are wanted, those below _started are taken by a thread, finished ones wait
    // in _ready. A restart begins a new _reading; what threads hand in from an older one is dropped.
    private readonly Dictionary<long, Slot> _ready = [];
    private long _next;
    private long _started;
    private int _reading;
    private bool _begun;
    private long _waitedTicks;

    /// <summary>Creates a loader; reading begins with the first <see cref="Take"/> or <see cref="Start"/>.</summary>
    /// <param name="dataset">The images; not owned.</param>
    /// <param name="order">Which image each position shows; called from the loader's threads.</param>
    /// <param name="options">Batches and threads.</param>
    /// <param name="time">The clock for <see cref="Waited"/>.</param>
    public ImageLoader(ImageDataset dataset, Func<long, ImageDraw> order, LoaderOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.BatchSize, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Stride ?? 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Ahead, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Threads, nameof(options));
        _dataset = dataset;
        _order = order;
        _options = options;
        _time = time ?? TimeProvider.System;
        _threads = [.. Enumerable.Range(0, options.Threads).Select(i =>
            new Thread(ReadAhead) { Name = $"image loader {i}", IsBackground = true })];
        foreach (var thread in _threads)
            thread.Start();
    }

    /// <summary>How long <see cref="Take"/> has waited for images, in all.</summary>
    public TimeSpan Waited => _time.GetElapsedTime(0, Volatile.Read(ref _waitedTicks));

    private long Stride => _options.Stride ?? _options.BatchSize;

    /// <summary>Begins to read at a position, ahead of the <see cref="Take"/> that will ask for it.</summary>
    public void Start(long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        lock (_gate)
            Restart(position);
    }

    /// <summary>The batch of the images at <paramref name="position"/> and after it.</summary>
    /// <exception cref="DatasetException">An image of it can no longer be read.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ImageBatch Take(long position, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, this);
        // Wakes the wait below when cancelled.
        using var wake = cancellation.UnsafeRegister(_ => Wake(), null);
        lock (_gate)
        {
            if (!_begun || position != _next)
                Restart(position);
            var since = _time.GetTimestamp();
            Slot? slot;
            while (!_ready.Remove(position, out slot))
            {
                cancellation.ThrowIfCancellationRequested();
                Monitor.Wait(_gate);
                ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, this);
            }

            Volatile.Write(ref _waitedTicks, _waitedTicks + _time.GetTimestamp() - since);
            // A failed batch is not passed over: asked for again, it is read again.
            if (slot.Error is not null)
            {
                Restart(position);
                slot.Error.Throw();
            }

            _next = position + Stride;
            Monitor.PulseAll(_gate);
            return slot.Batch!;
        }
    }

    /// <summary>Stops the threads and waits for them.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        Wake();
        foreach (var thread in _threads)
            thread.Join();
        _stop.Dispose();
    }

    private void Restart(long position)
    {
        _begun = true;
        _reading++;
        _ready.Clear();
        _next = _started = position;
        Monitor.PulseAll(_gate);
    }

    private void Wake()
    {
        lock (_gate)
            Monitor.PulseAll(_gate);
    }

    private void ReadAhead()
    {
        while (TryBegin(out var position, out var reading))
        {
            var slot = Read(position);
            lock (_gate)
            {
                if (reading == _reading)
                    _ready.Add(position, slot);
                Monitor.PulseAll(_gate);
            }
        }
    }

    // Waits for room ahead; false when the loader is being disposed.
    private bool TryBegin(out long position, out int reading)
    {
        lock (_gate)
        {
            while (!_stop.IsCancellationRequested && (!_begun || _started >= _next + (_options.Ahead * Stride)))
                Monitor.Wait(_gate);
            (position, reading) = (_started, _reading);
            _started += Stride;
            return !_stop.IsCancellationRequested;
        }
    }

    private Slot Read(long position)
    {
        try
        {
            var pixels = GC.AllocateUninitializedArray<byte>(checked(_options.BatchSize * _dataset.ImageBytes));
            var labels = new float[_options.BatchSize * _dataset.LabelDim];
            for (var i = 0; i < _options.BatchSize && !_stop.IsCancellationRequested; i++)
            {
                var (image, mirror) = _order(position + i);
                _dataset.CopyPixels(image, mirror, pixels.AsSpan(i * _dataset.ImageBytes, _dataset.ImageBytes));
                _dataset.CopyLabel(image, labels.AsSpan(i * _dataset.LabelDim, _dataset.LabelDim));
            }

            return new Slot(new ImageBatch(pixels, labels, position), null);
        }
#pragma warning disable CA1031 // Whatever fails on this thread is the consumer's to see, at the batch it belongs to.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return new Slot(null, ExceptionDispatchInfo.Capture(e));
        }
    }

    // A finished batch, or why there is none.
    private sealed record Slot(ImageBatch? Batch, ExceptionDispatchInfo? Error);
}

/// <summary>What an <see cref="ImageLoader"/> delivers, and how far it reads ahead.</summary>
public sealed record LoaderOptions
{
    /// <summary>Images in a batch.</summary>
    public required int BatchSize { get; init; }

    /// <summary>
    /// Positions from one batch to the next; null is <see cref="BatchSize"/>. Larger for the holder of some of a
    /// minibatch's shards, who takes that slice of every minibatch.
    /// </summary>
    public int? Stride { get; init; }

    /// <summary>Batches kept ready or in the making: what bounds the memory.</summary>
    public int Ahead { get; init; } = 4;

    /// <summary>Threads that decode.</summary>
    public int Threads { get; init; } = 2;
}

/// <summary>Decoded images of consecutive positions.</summary>
/// <param name="Pixels">uint8 [N, 3, H, W].</param>
/// <param name="Labels">float32 [N, labelDim]; empty without labels.</param>
/// <param name="FirstPosition">The position (images shown so far) of the first one.</param>
public sealed record ImageBatch(byte[] Pixels, float[] Labels, long FirstPosition);

/// <summary>Which image a position of the run shows.</summary>
/// <param name="Image">Its index in the dataset.</param>
/// <param name="Mirror">Whether left and right are exchanged.</param>
public readonly record struct ImageDraw(int Image, bool Mirror);
