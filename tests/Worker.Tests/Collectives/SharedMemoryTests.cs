using System.Security.Cryptography;
using Atelier.Worker.Collectives;
using Atelier.Worker.Collectives.Links;

namespace Atelier.Worker.Tests.Collectives;

/// <summary>Ranks in processes of their own, over shared memory.</summary>
public sealed class SharedMemoryTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _world = Guid.NewGuid().ToString("n");

    [Fact]
    public void Reduce_ThreeProcesses_HasTheBitsOfOneProcess()
    {
        var ranks = Start(3, sums: 5);
        using var all = new Disposables(ranks);

        foreach (var rank in ranks)
        {
            for (int sum = 0; sum < 5; sum++)
            {
                using var expected = RankProcess.Pieces(3, sum).Solo();
                Assert.Equal(Convert.ToHexString(SHA256.HashData(expected.bytes)), rank.ReadLine());
            }
            Assert.Equal("done", rank.ReadLine());
        }
    }

    [Fact]
    public void Reduce_AProcessKilledInTheMiddle_TheOthersNameItAndThePhase()
    {
        var ranks = Start(3, sums: int.MaxValue);
        using var all = new Disposables(ranks);
        Assert.All(ranks, rank => Assert.Equal(64, rank.ReadLine()!.Length));
        ranks[1].Kill();

        foreach (int survivor in new[] { 0, 2 })
        {
            string? last = null;
            while (ranks[survivor].ReadLine() is { } line)
                last = line;
            Assert.Matches(@$"^PeerGone phase\d+ {survivor} [012,]*1", last);
        }
    }

    [Fact]
    public async Task Join_ARankThatDoesNotCome_IsNamed()
    {
        var e = await Assert.ThrowsAsync<CollectiveException>(() =>
            new SharedMemoryWorld(_world, 3).JoinAsync(1, TimeSpan.FromMilliseconds(50), TimeProvider.System, TestContext.Current.CancellationToken));

        Assert.Equal((CollectiveFault.Deadline, "joining", 1), (e.Fault, e.Phase, e.Rank));
        Assert.Equal([0, 2], e.Blamed);
    }

    [Fact]
    public async Task Join_Cancelled_EndsTheWait()
    {
        using var cancellation = new CancellationTokenSource();
        var joining = new SharedMemoryWorld(_world, 2).JoinAsync(1, Patience, TimeProvider.System, cancellation.Token);
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => joining);
    }

    [Fact]
    public async Task Dispose_OfARank_IsNoticedByTheOther()
    {
        var world = new SharedMemoryWorld(_world, 2);
        var links = await Task.WhenAll(Enumerable.Range(0, 2).Select(rank => world.JoinAsync(rank, Patience, TimeProvider.System, TestContext.Current.CancellationToken)));
        int seen = links[1].Signal;
        links[0].Dispose();

        while (links[1].Gone.Count == 0)
        {
            links[1].Wait(seen, Patience);
            seen = links[1].Signal;
        }
        Assert.Equal([0], links[1].Gone);
        links[1].Dispose();
    }

    private List<RankProcess> Start(int ranks, int sums) => [.. Enumerable.Range(0, ranks).Select(rank => RankProcess.Start(_world, ranks, rank, sums))];

    /// <summary>Ends all processes of a test.</summary>
    private sealed record Disposables(List<RankProcess> Ranks) : IDisposable
    {
        public void Dispose() => Ranks.ForEach(rank => rank.Dispose());
    }
}
