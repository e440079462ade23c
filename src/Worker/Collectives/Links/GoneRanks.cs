namespace Atelier.Worker.Collectives.Links;

/// <summary>
/// The ranks that one rank has lost, causes first: a rank that leaves because of another says so, and the other then stands
/// before it, whether or not its own link was seen to break. Any thread may add.
/// </summary>
/// <param name="self">The rank that keeps the list; never on it.</param>
internal sealed class GoneRanks(int self)
{
    private readonly Lock _lock = new();
    private int[] _ranks = [];

    /// <summary>The ranks, in the order of causes.</summary>
    public IReadOnlyList<int> Ranks => Volatile.Read(ref _ranks);

    /// <summary>Adds a rank.</summary>
    /// <param name="rank">The rank.</param>
    /// <param name="cause">For whose sake it left, as it said; null for nobody's, or if it could not say.</param>
    public void Add(int rank, int? cause)
    {
        lock (_lock)
        {
            IEnumerable<int> news = cause is { } root && root != self ? [root, rank] : [rank];
            Volatile.Write(ref _ranks, [.. _ranks.Union(news)]);
        }
    }
}
