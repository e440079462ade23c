namespace Atelier.Worker.Tests.Collectives;

/// <summary>Ranks as threads: each runs its part, all are waited for.</summary>
internal static class RankThreads
{
    /// <summary>No test of ranks takes this long; one that does hangs.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Runs every rank's part.</summary>
    /// <returns>What each rank threw, null where nothing.</returns>
    public static IReadOnlyList<Exception?> Run(int ranks, Action<int> part)
    {
        var failures = new Exception?[ranks];
        var threads = Enumerable.Range(0, ranks).Select(rank => new Thread(() => failures[rank] = Record.Exception(() => part(rank))) { IsBackground = true }).ToList();
        threads.ForEach(thread => thread.Start());
        Assert.All(threads, (thread, rank) => Assert.True(thread.Join(Patience), $"rank {rank} hangs"));
        return failures;
    }
}
