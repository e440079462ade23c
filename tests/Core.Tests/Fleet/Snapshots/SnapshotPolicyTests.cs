using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Snapshots;
using static Atelier.Core.Tests.Fleet.Samples;

namespace Atelier.Core.Tests.Fleet.Snapshots;

public class SnapshotPolicyTests
{
    private static readonly SnapshotPolicy Policy = new(TimeSpan.FromMinutes(10));

    private static SnapshotAttempt Attempt() =>
        new(7, new(0, new(40, 0)), [new(Worker("a"), 1), new(Worker("b"), 1)], T0);

    private static SnapshotAttempt Durable(SnapshotAttempt attempt, string writer, string state = "s", long number = 7, long incarnation = 1) =>
        attempt.Observe(number, new(Worker(writer), incarnation, SliceStatus.Durable, 10, "slice", state));

    private static SnapshotDecision Decide(SnapshotAttempt attempt, string? dead = null, double at = 1) =>
        Policy.Decide(attempt, (worker, _) => worker.Value != dead, At(at));

    [Fact]
    public void Decide_AllSlicesDurable_Commits()
    {
        Assert.Equal(new SnapshotDecision.Wait(), Decide(Durable(Attempt(), "a")));
        Assert.Equal(new SnapshotDecision.Commit("s"), Decide(Durable(Durable(Attempt(), "b"), "a")));
    }

    [Fact]
    public void Decide_WriterLostBeforeItsSlice_AbandonsUntilTheNextIteration()
    {
        var abandoned = Assert.IsType<SnapshotDecision.Abandon>(Decide(Durable(Attempt(), "a"), dead: "b"));
        Assert.Equal(("b was lost while writing", 41), (abandoned.Reason, abandoned.NotBefore));
    }

    [Fact]
    public void Decide_WriterLostAfterItsSlice_StillCommits() =>
        Assert.IsType<SnapshotDecision.Commit>(Decide(Durable(Durable(Attempt(), "a"), "b"), dead: "b"));

    [Fact]
    public void Decide_FullDisk_AbandonsWithItsWords()
    {
        var failed = Attempt().Observe(7, new(Worker("b"), 1, SliceStatus.Failed, Error: "no space left"));
        Assert.Contains("b could not write its slice: no space left", Assert.IsType<SnapshotDecision.Abandon>(Decide(failed)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Decide_DeadlineOver_NamesWhoIsLate() =>
        Assert.StartsWith("b took more than 600 s", Assert.IsType<SnapshotDecision.Abandon>(Decide(Durable(Attempt(), "a"), at: 601)).Reason, StringComparison.Ordinal);

    [Fact]
    public void Decide_StatesThatDiffer_AreNoSnapshot() =>
        Assert.Contains("disagree", Assert.IsType<SnapshotDecision.Abandon>(Decide(Durable(Durable(Attempt(), "a"), "b", state: "t"))).Reason, StringComparison.Ordinal);

    [Fact]
    public void Observe_OtherAttemptOtherProcessOrSecondReport_ChangesNothing()
    {
        Assert.Equal(Attempt().Slices, Durable(Attempt(), "a", number: 6).Slices);
        Assert.Equal(Attempt().Slices, Durable(Attempt(), "a", incarnation: 2).Slices);
        var once = Durable(Attempt(), "a");
        Assert.Equal(once.Slices, Durable(once, "a", state: "t").Slices);
    }
}
