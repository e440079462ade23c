namespace Atelier.Worker.Collectives.Links;

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
