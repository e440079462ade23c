namespace Atelier.Worker.Collectives.Links;

/// <summary>Threads of one process that reduce through its memory.</summary>
public static class InMemoryWorld
{
    /// <summary>Links between all ranks, each one's side by rank.</summary>
    /// <param name="ranks">Number of ranks, at least 1.</param>
    public static IReadOnlyList<IRankLinks> Create(int ranks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ranks, 1);
        return InMemoryLinks.Create(RingShape.For(ranks));
    }
}

/// <summary>Links between threads of one process.</summary>
internal sealed class InMemoryLinks : RingLinks
{
    private readonly InMemoryLinks?[] _world;

    private InMemoryLinks(int rank, RingShape shape, IReadOnlyList<Memory<byte>> memories, IEnumerable<IDoorbell> bells, InMemoryLinks?[] world)
        : base(rank, shape, memories, bells) => _world = world;

    /// <summary>A world of ranks, each one's side by rank.</summary>
    /// <param name="shape">Ranks, and the size of segments.</param>
    public static IReadOnlyList<InMemoryLinks> Create(RingShape shape)
    {
        var memories = Enumerable.Range(0, shape.Ranks).Select(_ => (Memory<byte>)new byte[shape.TotalBytes]).ToList();
        var bells = memories.Select(_ => new MonitorDoorbell()).ToList();
        var world = new InMemoryLinks[shape.Ranks];
        for (int rank = 0; rank < world.Length; rank++)
            world[rank] = new InMemoryLinks(rank, shape, memories, bells, world);
        return world;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        foreach (var other in _world)
        {
            if (other != this)
                other?.MarkGone(Rank);
        }
    }
}

/// <summary>What a rank sleeps at until another rings.</summary>
internal interface IDoorbell
{
    /// <summary>How often it was rung; wraps around.</summary>
    int Count { get; }

    /// <summary>Rings, from any thread or process: wakes whoever waits.</summary>
    void Ring();

    /// <summary>Blocks until the count is another than was seen.</summary>
    /// <param name="seen">The count that was seen.</param>
    /// <param name="most">Longest time; returning early is allowed.</param>
    void Wait(int seen, TimeSpan most);
}

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
