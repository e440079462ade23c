using Atelier.Core.Fleet.Generations;
using Atelier.Core.Sharding;

namespace Atelier.Core.Tests.Fleet.Generations;

public class DoubleCheckTests
{
    private static GenerationPlan Plan(int workers) => new(
        new(1), [.. ShardPlan.Even(8, workers).Ranges.Select((range, rank) => new GenerationMember(new($"w{rank}"), 1, new(rank), range))],
        default, new(StateOrigin.Seed), new(100, 0));

    [Fact]
    public void Of_ManyTicks_TakesEveryShardAndEverySecondWorkerInTurn()
    {
        var checks = Enumerable.Range(0, 500).Select(tick => DoubleCheck.Of(tick, Plan(3))!).ToList();
        Assert.Equal(8, checks.Select(check => check.Shard).Distinct().Count());
        Assert.Equal(6, checks.Select(check => (check.Holder, check.Second)).Distinct().Count());
        Assert.All(checks, check => Assert.NotEqual(check.Holder, check.Second));
        Assert.All(checks, check => Assert.True(Plan(3).Members[check.Holder.Index].Shards.Contains(check.Shard)));
    }

    [Fact]
    public void Of_OneTick_IsTheSameForEverybody() => Assert.Equal(DoubleCheck.Of(7, Plan(4)), DoubleCheck.Of(7, Plan(4)));

    [Fact]
    public void Of_ASingleWorker_ChecksNothing() => Assert.Null(DoubleCheck.Of(7, Plan(1)));
}
