namespace Atelier.Dashboard.Live;

/// <summary>
/// Something that many look at: it is read at most once per interval however many they are, and not at all while nobody looks.
/// Safe from any thread.
/// </summary>
/// <typeparam name="T">What is read.</typeparam>
/// <param name="read">Reads it anew; gets the former value, and gives that very object back where nothing has changed.</param>
/// <param name="interval">How old it may be.</param>
/// <param name="time">The clock.</param>
internal sealed class Topic<T>(Func<T?, CancellationToken, Task<T>> read, TimeSpan interval, TimeProvider time) : IDisposable
    where T : class
{
    private readonly SemaphoreSlim _reading = new(1, 1);
    private T? _value;
    private long _readAt;

    /// <summary>When somebody asked last, as a timestamp of the clock.</summary>
    public long AskedAt { get; private set; } = time.GetTimestamp();

    /// <summary>The value of now, or of less than the interval ago.</summary>
    public async Task<T> GetAsync(CancellationToken cancellation)
    {
        AskedAt = time.GetTimestamp();
        await _reading.WaitAsync(cancellation);
        try
        {
            if (_value is not null && time.GetElapsedTime(_readAt) < interval) return _value;
            _value = await read(_value, cancellation);
            _readAt = time.GetTimestamp();
            return _value;
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>Waits until the value is another one than was seen.</summary>
    /// <param name="seen">What was seen; null for nothing.</param>
    /// <param name="patience">For how long; the value is the one that was seen when it ends.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<T> NextAsync(T? seen, TimeSpan patience, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            var value = await GetAsync(cancellation);
            if (!ReferenceEquals(value, seen) || time.GetElapsedTime(start) >= patience) return value;
            await Task.Delay(interval, time, cancellation);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _reading.Dispose();
}
