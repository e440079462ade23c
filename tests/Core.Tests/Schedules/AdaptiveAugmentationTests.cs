using Atelier.Core.Schedules;

namespace Atelier.Core.Tests.Schedules;

public class AdaptiveAugmentationTests
{
    private const int Batch = 32;

    // A step is 32 · 4 / 500,000.
    private const double Size = 0.000256;

    private static readonly AdaptiveAugmentation Published = new(Target: 0.6, Kimg: 500, Interval: 4);

    [Theory]
    [InlineData(0.61, 0.3 + Size)]
    [InlineData(0.59, 0.3 - Size)]
    [InlineData(-1, 0.3 - Size)]
    [InlineData(double.NaN, 0.3)]
    public void Step_MeanSign_MovesTowardsTheTarget(double mean, double expected)
    {
        var after = Published.Step(new(0.3, mean * 128, 128), Batch);
        Assert.Equal(expected, after.P, 12);
        Assert.Equal((0, 0), (after.SignSum, after.Images));
    }

    [Theory]
    [InlineData(0.0001, -1, 0)]
    [InlineData(0.9999, 1, 1)]
    public void Step_AtAnEnd_StaysWithinZeroAndOne(double p, double mean, double expected) =>
        Assert.Equal(expected, Published.Step(new(p, mean * 128, 128), Batch).P);

    [Fact]
    public void Step_ExactlyAtTheTargetOrWithoutImages_KeepsP()
    {
        Assert.Equal(0.5, new AdaptiveAugmentation(0.5, 500, 4).Step(new(0.5, 64, 128), Batch).P);
        Assert.Equal(0.5, Published.Step(new(0.5, 0, 0), Batch).P);
    }

    [Fact]
    public void IsDue_EveryFourthIteration_CountsFinishedOnes() =>
        Assert.Equal([4, 8, 12], Enumerable.Range(1, 12).Where(finished => Published.IsDue(finished)));

    [Fact]
    public void Saw_SeveralMinibatches_AddsUp() =>
        Assert.Equal(new AugmentationState(0.2, 7, 64), new AugmentationState(0.2, 0, 0).Saw(10, 32).Saw(-3, 32));
}
