using Atelier.Core.Fleet.Snapshots;
using Atelier.Core.Runs;
using Atelier.Core.Specs;

namespace Atelier.Core.Tests.Fleet.Snapshots;

/// <summary>Snapshots that a stop or an hour's end made: there to go on from, and for nothing else.</summary>
public class TimeSnapshotTests
{
    private static readonly RunSpec Spec = new() { Batch = 8, SnapshotKimg = 0.08, MetricsEvery = 0.1, KeepLast = 2, KeepBest = 0 };

    private static SnapshotSchedule Schedule => SnapshotSchedule.Of(Spec);

    [Fact]
    public void IsDue_OverARun_AreTheIterationsThatCrossAMultiple()
    {
        var due = Enumerable.Range(1, 60).Select(iteration => iteration * 8L).Where(images => Schedule.IsDue(new(images)));
        Assert.Equal([80, 160, 240, 320, 400, 480], due);
    }

    [Theory]
    [InlineData(80, 100)]
    [InlineData(100, 80)]
    [InlineData(5, 30)]
    [InlineData(100, 100)]
    [InlineData(37, 90)]
    public void IsMeasured_AnyIntervals_AreThoseOfARunThatWasNeverStopped(long interval, long metrics)
    {
        var schedule = new SnapshotSchedule(0, 0, Spec.Minibatches, interval);
        long measured = 0;
        for (long images = 8; images < 2000; images += 8)
        {
            bool expected = images / interval != (images - 8) / interval && images / metrics > measured / metrics;
            Assert.True(expected == schedule.IsMeasured(new(images), metrics), $"{images} images");
            if (expected) measured = images;
        }
    }

    [Fact]
    public void MeasurementsAfter_ToTheEnd_CountsTheLastState()
    {
        Assert.Equal(10, SnapshotSchedule.MeasurementsAfter(new(0), new(1000), 100));
        Assert.Equal(1, SnapshotSchedule.MeasurementsAfter(new(950), new(1000), 100));
        Assert.Equal(1, SnapshotSchedule.MeasurementsAfter(new(910), new(980), 100));
        Assert.Equal(0, SnapshotSchedule.MeasurementsAfter(new(1000), new(1000), 100));
        Assert.Equal(0, SnapshotSchedule.MeasurementsAfter(new(0), new(90), 100));
    }

    [Fact]
    public void Retention_WithSnapshotsByTime_KeepsAsManyPeriodicOnes()
    {
        SnapshotFacts[] all = [At(80), At(160), At(168), At(176), At(184), At(192)];
        Assert.Equal(["168", "176"], RetentionPolicy.Of(Spec).ToDelete(all).Select(snapshot => snapshot.Name));
    }

    [Fact]
    public void LastWell_WithSnapshotsByTime_IsAPeriodicOne()
    {
        SnapshotFacts[] all = [At(80), At(160), At(168), At(176)];
        Assert.Equal("160", QualityPolicy.LastWell(all, new(400), Spec with { TickKimg = 0.1 }, 0)!.Name);
        Assert.Null(QualityPolicy.LastWell([At(8), At(72)], new(400), Spec with { TickKimg = 0.1 }, 0));
    }

    private static SnapshotFacts At(long images) => new($"{images}", new(images));
}
