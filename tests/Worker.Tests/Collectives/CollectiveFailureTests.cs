using Atelier.Core.Sharding;
using Atelier.Worker.Collectives;
using Atelier.Worker.Collectives.Links;
using static TorchSharp.torch;

namespace Atelier.Worker.Tests.Collectives;

/// <summary>Every wait ends: by its deadline, by cancellation, or with the rank that it waits for; and says what it waited for:
/// the same suite for all links.</summary>
public abstract class CollectiveFailureTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private IReadOnlyList<IRankLinks> _world = [];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var links in _world)
            links.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void Reduce_ASilentRank_EndsAtTheDeadlineAndNamesIt()
    {
        var links = World(3);
        // Rank 2 never comes. Ranks 0 and 1 live in a time of their own, which passes when they look at it.
        var failures = RankThreads.Run(2, rank => Reduce(links[rank], "Dreg", time: new HastyTime(TimeSpan.FromMinutes(4))));

        Assert.All(failures, (failure, rank) =>
        {
            var e = Assert.IsType<CollectiveException>(failure);
            Assert.Equal((CollectiveFault.Deadline, "Dreg", rank), (e.Fault, e.Phase, e.Rank));
            Assert.Equal([2], e.Blamed);
            Assert.Contains("rank 2", e.Message, StringComparison.Ordinal);
            Assert.Contains("phase Dreg", e.Message, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Reduce_ARankThatLeaves_EndsTheOthersWaitsAndNamesIt()
    {
        var links = World(3);
        var failures = RankThreads.Run(3, rank =>
        {
            if (rank == 1)
                links[rank].Dispose();
            else
                Reduce(links[rank], "Gmain");
        });

        foreach (int survivor in new[] { 0, 2 })
        {
            var e = Assert.IsType<CollectiveException>(failures[survivor]);
            Assert.Equal((CollectiveFault.PeerGone, "Gmain"), (e.Fault, e.Phase));
            Assert.Equal([1], e.Blamed);
        }
    }

    [Fact]
    public void Reduce_ARankThatLeavesAfterwards_LosesNothing()
    {
        var links = World(2);
        // Rank 0 disposes its links as soon as it has the sum, whether or not rank 1 has.
        var failures = RankThreads.Run(2, rank =>
        {
            Reduce(links[rank], "Gmain");
            links[rank].Dispose();
        });
        Assert.All(failures, Assert.Null);
    }

    [Fact]
    public void Reduce_Cancelled_EndsTheWait()
    {
        var links = World(2);
        using var cancellation = new CancellationTokenSource();
        var failures = RankThreads.Run(2, rank =>
        {
            if (rank == 1)
                cancellation.Cancel();
            else
                Reduce(links[rank], "Gmain", cancellation: cancellation.Token);
        });
        Assert.IsType<OperationCanceledException>(failures[0], exactMatch: false);
    }

    [Theory]
    [InlineData("Gmain", 64, "Greg", 64)]
    [InlineData("Gmain", 64, "Gmain", 65)]
    public void Reduce_RanksThatDisagree_FindOut(string phase, int length, string otherPhase, int otherLength)
    {
        var links = World(2);
        var failures = RankThreads.Run(2, rank =>
        {
            using var leaving = links[rank];
            Reduce(leaving, rank == 0 ? phase : otherPhase, rank == 0 ? length : otherLength);
        });

        // The first to notice may leave before the other has anything of it to notice.
        Assert.Contains(failures, failure => failure is CollectiveException { Fault: CollectiveFault.Mismatch });
        Assert.All(failures, (failure, rank) => Assert.Equal([1 - rank], Assert.IsType<CollectiveException>(failure).Blamed));
    }

    /// <summary>Each rank's links.</summary>
    private protected abstract IReadOnlyList<IRankLinks> Create(int ranks);

    private IReadOnlyList<IRankLinks> World(int ranks) => _world = Create(ranks);

    // The links stay open after a failure: a rank that left would be what the others tell of.
    private static void Reduce(IRankLinks links, string phase, int length = 64, TimeProvider? time = null, CancellationToken cancellation = default)
    {
        var reduction = new CollectiveReduction(ShardPlan.Even(links.Ranks, links.Ranks).Ranges, links, Patience, time ?? TimeProvider.System);
        using var sum = reduction.Reduce(phase, [new SubtreeSum<Tensor>(reduction.Held, ones(length))], cancellation);
        Assert.Equal(links.Ranks, sum.mean().item<float>());
    }

    /// <summary>A clock that goes on by the same step whenever somebody looks at it.</summary>
    private sealed class HastyTime(TimeSpan step) : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Add(ref _now, step.Ticks);
    }
}
