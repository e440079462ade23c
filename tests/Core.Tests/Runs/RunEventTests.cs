using Atelier.Core.Alerts;
using Atelier.Core.Runs;

namespace Atelier.Core.Tests.Runs;

public class RunEventTests
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 2, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<RunEvent, string> Events => new()
    {
        { new RunStarted(Noon, 0, "demo", 7, 2, new()), "started with recipe demo, seed 7, on 2 workers" },
        { new RunResumed(Noon, 2, "000002.000", 1, ["kimg 5 -> 9"]), "resumed from 000002.000 on 1 worker; changed: kimg 5 -> 9" },
        { new BranchBegun(Noon, 2, 1, ["gamma 1 -> 2"]), "branch 1 began: gamma 1 -> 2" },
        { new NumericsAccepted(Noon, 2, ["threads was 1 and is 2"], new()), "continued under different numerics: threads was 1 and is 2" },
        { new SnapshotWritten(Noon, 2, "000002.000", "ab", 1 << 20, 0.5), "snapshot 000002.000 written (1.0 MiB in 0.5 s)" },
        { new SnapshotFailed(Noon, 2, "000002.000", "the disk is full"), "snapshot 000002.000 could not be written: the disk is full; training continues, and earlier snapshots are kept" },
        { new SnapshotRefused(Noon, 2, "000002.000", "a byte differs", "000001.000"), "snapshot 000002.000 refused: a byte differs; 000001.000 is used" },
        { new SnapshotRefused(Noon, 2, "000002.000", "a byte differs", null), "snapshot 000002.000 refused: a byte differs; no earlier snapshot exists" },
        { new SnapshotDeleted(Noon, 2, "000001.000"), "snapshot 000001.000 deleted" },
        { new BadImageSkipped(Noon, 0, "a.png", "cut short"), "image a.png skipped: cut short" },
        { new DatasetNoted(Noon, 0, "labels are not used"), "labels are not used" },
        { new NonFiniteGradients(Noon, 2, "Greg", 3, 4), "gradients of Greg had 3 NaN and 4 infinite values" },
        { new MetricMeasured(Noon, 2, "fid50k_full", 12.34567, "000002.000"), "fid50k_full of 000002.000 is 12.3457" },
        { new MetricFailed(Noon, 2, "fid50k_full", "000002.000", "there is no detector"), "fid50k_full of 000002.000 could not be measured: there is no detector" },
        { new FleetNoted(Noon, 2, 3, "generation 3 starts at iteration 250 on 2 workers"), "generation 3 starts at iteration 250 on 2 workers" },
        { new AlertRaised(Noon, 2, AlertKind.StalledRun, "no progress for 5 min"), "alert StalledRun: no progress for 5 min" },
        { new AlertCleared(Noon, 2, AlertKind.StalledRun, Noon), "alert StalledRun cleared" },
        { new RunStopped(Noon, 2, "gradients stayed non-finite", "000001.000") { NonFinite = true }, "stopped: gradients stayed non-finite; the last good snapshot is 000001.000" },
        { new RunFinished(Noon, 9.4, "ab"), "finished; state ab" },
    };

    [Theory]
    [MemberData(nameof(Events))]
    public void Json_RoundTrip_KeepsTheEventOnOneLine(RunEvent happened, string description)
    {
        var line = happened.ToJson();
        Assert.DoesNotContain('\n', line);
        var read = RunEvent.FromJson(line);
        Assert.Equal(happened.GetType(), read.GetType());
        Assert.Equal(line, read.ToJson());
        Assert.Equal(description, read.Describe());
    }

    [Fact]
    public void Events_AllKinds_AreTested() =>
        Assert.Equal(
            typeof(RunEvent).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(RunEvent))).OrderBy(type => type.Name),
            Events.Select(row => row.Data.Item1.GetType()).Distinct().OrderBy(type => type.Name));

    [Fact]
    public void ToJson_Event_NamesItselfAndItsFields() =>
        Assert.Equal(
            """{"event":"snapshot-failed","snapshot":"000002.000","reason":"full","at":"2030-01-02T12:00:00+00:00","kimg":2}""",
            new SnapshotFailed(Noon, 2, "000002.000", "full").ToJson());

    [Fact]
    public void FromJson_EventOfNumericsVersion1_IsRead()
    {
        const string line = """
            {"event":"started","recipe":"demo","seed":7,"workers":2,"numerics":{"version":1,"libtorch":"1.13.1","one-dnn":"2.7.4","blas":"OpenBLAS 0.3.21","libc":"glibc 2.36","device":"avx2","threads":1,"tf32":false},"at":"2030-01-02T12:00:00+00:00","kimg":0}
            """;
        Assert.Equal(1, Assert.IsType<RunStarted>(RunEvent.FromJson(line)).Numerics.Version);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"event":"party"}""")]
    [InlineData("nonsense")]
    public void FromJson_NoEvent_IsAMistake(string line) => Assert.Throws<UserErrorException>(() => RunEvent.FromJson(line));
}
