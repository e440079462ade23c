using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Snapshots;

namespace Atelier.Core.Tests.Fleet.Snapshots;

public sealed class SnapshotScheduleTests
{
    [Theory]
    [InlineData(0, 0, 8, 16, 0, 2)]
    [InlineData(0, 0, 8, 16, 2, 4)]
    [InlineData(0, 0, 8, 20, 0, 3)]
    [InlineData(0, 0, 8, 20, 3, 5)]
    [InlineData(0, 0, 8, 4, 7, 8)]
    [InlineData(10, 100, 8, 16, 10, 12)]
    public void NextAfter_AnIteration_IsTheFirstThatCrossesAMultiple(long baseIteration, long baseImages, int batch, long interval, long after, long expected)
    {
        var schedule = new SnapshotSchedule(baseIteration, baseImages, new(batch), interval);

        Assert.Equal(expected, schedule.NextAfter(after));
        // As the loop sees it: the iteration crosses a multiple, none between does.
        Assert.NotEqual(schedule.ImagesAt(expected - 1).Images / interval, schedule.ImagesAt(expected).Images / interval);
    }

    [Fact]
    public void NextAfter_WithoutAnInterval_IsNever() => Assert.Null(new SnapshotSchedule(0, 0, new(8), 0).NextAfter(3));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(16, 2)]
    [InlineData(17, 3)]
    public void IterationAt_ImageCounts_IsTheLastOneWhole(long images, long iteration) =>
        Assert.Equal(iteration, new SnapshotSchedule(0, 0, new(8), 16).IterationAt(new ImageCount(images)));

    [Theory]
    [InlineData(1, 0, false)]
    [InlineData(7, 123456, false)]
    [InlineData(123456789, 4294967295, true)]
    public void Number_ThereAndBack_IsTheSame(long generation, long iteration, bool isSave)
    {
        var number = new SnapshotNumber(new GenerationId(generation), iteration, isSave);

        Assert.Equal(number, SnapshotNumber.Of(number.Value));
    }
}
