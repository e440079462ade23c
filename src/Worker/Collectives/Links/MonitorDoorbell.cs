namespace Atelier.Worker.Collectives.Links;

/// <summary>The doorbell between threads of one process.</summary>
internal sealed class MonitorDoorbell : IDoorbell
{
    private readonly object _lock = new();
    private int _count;

    /// <inheritdoc/>
    public int Count => Volatile.Read(ref _count);

    /// <inheritdoc/>
    public void Ring()
    {
        lock (_lock)
        {
            _count++;
            Monitor.PulseAll(_lock);
        }
    }

    /// <inheritdoc/>
    public void Wait(int seen, TimeSpan most)
    {
        lock (_lock)
        {
            if (_count == seen)
                Monitor.Wait(_lock, most);
        }
    }
}
