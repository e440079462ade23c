using Atelier.Core.Runs;
using FsCheck;
using FsCheck.Fluent;

namespace Atelier.Core.Tests.Runs;

public class RetentionPolicyTests
{
    private static SnapshotFacts At(double kimg, double? metric = null) => new($"{kimg}", ImageCount.FromKimg(kimg), metric);

    private static string[] Deleted(RetentionPolicy policy, params SnapshotFacts[] snapshots) =>
        [.. policy.ToDelete(snapshots).Select(snapshot => snapshot.Name)];

    [Fact]
    public void ToDelete_KeepLast_LeavesTheNewestInAnyOrder() =>
        Assert.Equal(["1", "2"], Deleted(new(2), At(3), At(1), At(4), At(2)));

    [Fact]
    public void ToDelete_KeepBest_LeavesTheLowestMetric() =>
        Assert.Equal(["1", "3"], Deleted(new(1, KeepBest: 1), At(1, 9), At(2, 5), At(3, 7), At(4)));

    [Fact]
    public void ToDelete_KeepBestOfEqualOrUnusableMetrics_LeavesTheOldestUsable() =>
        Assert.Equal(["1", "3"], Deleted(new(1, KeepBest: 1), At(1, double.NaN), At(2, 5), At(3, 5), At(4)));

    [Fact]
    public void ToDelete_HigherIsBetter_LeavesTheHighest() =>
        Assert.Equal(["1", "3"], Deleted(new(1, KeepBest: 1, HigherIsBetter: true), At(1, 5), At(2, 9), At(3, 7), At(4)));

    [Fact]
    public void ToDelete_KeepEvery_LeavesTheFirstOfEachInterval() =>
        Assert.Equal(["1.5", "2.5"], Deleted(new(1, KeepEvery: 1), At(1), At(1.5), At(2), At(2.5), At(3)));

    [Fact]
    public void ToDelete_KeepNothing_StillLeavesTheNewest() =>
        Assert.Equal(["1"], Deleted(new(0), At(1), At(2)));

    [Fact]
    public void ToDelete_AfterARollback_TheNewBranchIsTheNewest() =>
        Assert.Equal(["2", "4"], Deleted(new(1), At(2), At(4), At(3) with { Branch = 1 }));

    [Fact]
    public void ToDelete_OfABranch_LeavesTheFirst() =>
        Assert.Equal(["1", "3"], Deleted(new(1), At(1), At(2) with { Branch = 1 }, At(3) with { Branch = 1 }, At(4) with { Branch = 1 }));

    [Fact]
    public void ToDelete_KeepJudged_LeavesTheBestAndTheNewestWithAMetricOfItsLine() =>
        Assert.Equal(["2", "3", "4", "6"], Deleted(
            new(1, KeepJudged: true), At(1, 5), At(2, 9), At(3, 7), At(4, 1), At(3, 7) with { Branch = 1, Name = "b" }, At(5, 8) with { Branch = 1 }, At(6) with { Branch = 1 }, At(7) with { Branch = 1 }));

    [Fact]
    public void ToDelete_OneSnapshotMoreEachTime_DeletesWhatDeletingOnceWould() =>
        Check.QuickThrowOnFailure(Prop.ForAll<byte[]>(metrics =>
        {
            var policy = new RetentionPolicy(2, KeepBest: 2, KeepEvery: 4);
            var all = metrics.Select((metric, i) => At(i + 1, metric)).ToList();
            var stepwise = new List<SnapshotFacts>();
            foreach (var snapshot in all)
            {
                stepwise.Add(snapshot);
                stepwise = [.. stepwise.Except(policy.ToDelete(stepwise))];
            }

            return stepwise.SequenceEqual(all.Except(policy.ToDelete(all)));
        }));
}
