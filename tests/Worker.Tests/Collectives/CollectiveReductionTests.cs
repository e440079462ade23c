using Atelier.Core.Sharding;
using Atelier.Worker.Collectives;
using Atelier.Worker.Collectives.Links;
using static TorchSharp.torch;

namespace Atelier.Worker.Tests.Collectives;

/// <summary>What a rank of a collective takes and gives; <see cref="CollectiveBitsTests"/> have the sums.</summary>
public sealed class CollectiveReductionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public void Pieces_ForTheseSums_AreSensitiveToTheOrder()
    {
        // Guards the properties above: with values that add exactly, they could not fail.
        var one = new RandomPieces(3, [new ShardRange(0, 5)], 100, ScalarType.Float32);
        using var inTreeOrder = one.Solo();
        var shards = new RandomPieces(3, [.. Enumerable.Range(0, 5).Select(shard => new ShardRange(shard, shard + 1))], 100, ScalarType.Float32);
        using var inSequence = Enumerable.Range(0, 5).Select(rank => shards.Of(rank).Single().Value).Aggregate(Atelier.Training.Step.PhaseSum.Combine);
        Assert.NotEqual(inTreeOrder.bytes.ToArray(), inSequence.bytes.ToArray());
    }

    [Fact]
    public void Reduce_InfinitiesAndNaNs_ComeOut()
    {
        var links = InMemoryWorld.Create(2);
        var failures = RankThreads.Run(2, rank =>
        {
            using var reduction = new CollectiveReduction(ShardPlan.Even(2, 2).Ranges, links[rank], Patience, TimeProvider.System);
            var mine = tensor(rank == 0 ? [float.PositiveInfinity, float.NaN, 1, -0f] : new[] { float.NegativeInfinity, 1, float.NegativeInfinity, -0f });
            using var sum = reduction.Reduce("Gmain", [new SubtreeSum<Tensor>(reduction.Held, mine)], CancellationToken.None);
            Assert.Equal([float.NaN, float.NaN, float.NegativeInfinity, -0f], sum.data<float>().ToArray());
        });
        Assert.All(failures, Assert.Null);
    }

    [Fact]
    public void ExtraBytes_AlignedPowersOfTwo_AreTheLinksAndScratchAlone()
    {
        const int Elements = 1000;
        using var aligned = Member(0, [new(0, 4), new(4, 8)]);
        using var uneven = Member(1, [new(0, 1), new(1, 8)]);
        // Shards 1 to 7 are covered by three subtrees.
        Assert.Equal(2 * Elements * sizeof(float), uneven.ExtraBytes(Elements, sizeof(float)) - aligned.ExtraBytes(Elements, sizeof(float)) - (2 * 2048 * sizeof(float)));
        Assert.True(aligned.ExtraBytes(Elements, sizeof(float)) < 4_000_000);
    }

    [Theory]
    [InlineData("0-2 3-4", "follow")]
    [InlineData("1-2 2-4", "follow")]
    [InlineData("0-4", "1 ranges for 2 ranks")]
    public void Constructor_RangesThatAreNoPlan_SaysSo(string ranges, string part)
    {
        var parsed = ranges.Split(' ').Select(range => range.Split('-')).Select(ends => new ShardRange(int.Parse(ends[0]), int.Parse(ends[1]))).ToList();
        Assert.Contains(part, Assert.Throws<ArgumentException>(() => Member(0, parsed)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reduce_OtherPiecesThanThePlans_Throws()
    {
        using var reduction = Member(0, [new(0, 2), new(2, 4)]);
        Assert.Throws<ArgumentException>(() => reduction.Reduce("Gmain", [new SubtreeSum<Tensor>(new(2, 4), ones(4))], CancellationToken.None));
        Assert.Throws<InvalidOperationException>(() => reduction.Reduce("Gmain", [new SubtreeSum<Tensor>(new(0, 2), ones(4))], CancellationToken.None));
    }

    private static CollectiveReduction Member(int rank, IReadOnlyList<ShardRange> ranges) =>
        new(ranges, InMemoryWorld.Create(2)[rank], Patience, TimeProvider.System);
}
