using Atelier.Worker.Collectives;
using Atelier.Worker.Collectives.Links;

namespace Atelier.Worker.Tests.Collectives;

/// <summary>Ranks in processes of their own, over shared memory.</summary>
public sealed class SharedMemoryTests : RankProcessTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _world = Guid.NewGuid().ToString("n");

    private protected override string World(int ranks) => _world;

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
}
