using Atelier.Core.Sharding;

namespace Atelier.Core.Tests.Sharding;

public class ShardPlanTests
{
    [Fact]
    public void Even_UnevenDivision_GivesTheFirstRanksOneMore() =>
        Assert.Equal([new ShardRange(0, 3), new(3, 6), new(6, 8)], ShardPlan.Even(8, 3).Ranges);

    [Fact]
    public void Even_PowersOfTwo_IsOneNodeEach()
    {
        foreach (var ranks in new[] { 1, 2, 4, 8, 16 })
            Assert.All(ShardPlan.Even(16, ranks).Ranges, range => Assert.Single(new ReductionTree(16).Cover(range)));
    }

    [Fact]
    public void Even_AnySize_CoversEveryShardOnceInOrder()
    {
        for (var shards = 1; shards <= 20; shards++)
            for (var ranks = 1; ranks <= shards; ranks++)
            {
                var plan = ShardPlan.Even(shards, ranks);
                Assert.Equal(Enumerable.Range(0, shards), plan.Ranges.SelectMany(r => Enumerable.Range(r.Start, r.Count)));
                Assert.InRange(plan.Ranges.Max(r => r.Count) - plan.Ranges.Min(r => r.Count), 0, 1);
                Assert.All(Enumerable.Range(0, shards), s => Assert.True(plan.Ranges[plan.HolderOf(s)].Contains(s)));
            }
    }

    [Fact]
    public void Weighted_AFasterHolder_GetsMoreAndEveryHolderAtLeastOne()
    {
        Assert.Equal([new ShardRange(0, 6), new(6, 8)], ShardPlan.Weighted(8, [1, 3]).Ranges);
        Assert.Equal([new ShardRange(0, 1), new(1, 8)], ShardPlan.Weighted(8, [1000, 1]).Ranges);
        Assert.Equal(ShardPlan.Even(8, 3).Ranges, ShardPlan.Weighted(8, [2, 2, 2]).Ranges);
    }

    [Fact]
    public void Weighted_NoTimesOrTooManyHolders_Throws()
    {
        Assert.Throws<ArgumentException>(() => ShardPlan.Weighted(8, []));
        Assert.Throws<ArgumentException>(() => ShardPlan.Weighted(1, [1, 1]));
        Assert.Throws<ArgumentException>(() => ShardPlan.Weighted(8, [1, double.NaN]));
    }

    [Fact]
    public void Even_MoreWorkersThanShards_NamesBoth()
    {
        var error = Assert.Throws<UserErrorException>(() => ShardPlan.Even(2, 3));
        Assert.Contains("2 shards", error.Message, StringComparison.Ordinal);
        Assert.Contains("3 were requested", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void HolderOf_NoSuchShard_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ShardPlan.Even(4, 2).HolderOf(4));
}
