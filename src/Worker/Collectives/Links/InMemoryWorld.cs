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
