using Atelier.Core.Runs;

namespace Atelier.Core.Tests.Runs;

public class RemainingTimeTests
{
    [Fact]
    public void Of_BeforeTheSecondIteration_IsNotKnown()
    {
        var remaining = new RemainingTime();
        remaining.Trained(32, TimeSpan.FromSeconds(9));
        Assert.Null(remaining.Of(1000, 0));
    }

    [Fact]
    public void Of_WithEvaluationsAhead_CountsEach()
    {
        var remaining = Steady(out _);
        Assert.Equal(100, remaining.Of(1000, 0)!.Value.TotalSeconds, 6);
        remaining.Evaluated(TimeSpan.FromSeconds(20));
        remaining.Evaluated(TimeSpan.FromSeconds(40));
        Assert.Equal(10, remaining.ImagesPerSecond!.Value, 6);
        Assert.Equal(100 + (3 * 30), remaining.Of(1000, 3)!.Value.TotalSeconds, 6);
    }

    /// <summary>A lazy pass every 16th iteration takes three times as long; an evaluation comes and goes.</summary>
    [Fact]
    public void Of_OverARun_NeverJumps()
    {
        var remaining = new RemainingTime();
        double? before = null;
        double elapsed = 0;
        remaining.Evaluated(TimeSpan.FromSeconds(100));
        for (int iteration = 0; iteration < 2000; iteration++)
        {
            double seconds = iteration % 16 == 0 ? 3 : 1;
            remaining.Trained(32, TimeSpan.FromSeconds(seconds));
            elapsed += seconds;
            long evaluations = iteration < 1000 ? 2 : 1;
            if (iteration == 1000) remaining.Evaluated(TimeSpan.FromSeconds(elapsed > 0 ? 110 : 0));
            double left = remaining.Of((2000 - iteration) * 32, evaluations)?.TotalSeconds ?? 0;
            if (iteration > 100 && before is { } former) Assert.InRange(left, former - 250, former + 150);
            before = left;
        }
    }

    [Theory]
    [InlineData(9.2, "9 days")]
    [InlineData(1.5, "36 hours")]
    [InlineData(0.04, "58 minutes")]
    public void Roughly_ATime_IsAsPeopleSay(double days, string said) => Assert.Equal(said, RemainingTime.Roughly(TimeSpan.FromDays(days)));

    private static RemainingTime Steady(out int iterations)
    {
        var remaining = new RemainingTime();
        for (iterations = 0; iterations < 50; iterations++) remaining.Trained(10, TimeSpan.FromSeconds(1));
        return remaining;
    }
}
