using Atelier.Core.Runs;

namespace Atelier.Core.Tests.Runs;

public class ProgressRateTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    private readonly ProgressRate _rate = new();

    [Fact]
    public void PerSecond_BeforeTwoSteps_IsUnknown()
    {
        Observe(0, 7);
        Observe(1, 7);

        Assert.Null(PerSecond(1));
    }

    [Fact]
    public void PerSecond_SlowIterations_IsMeasuredFromStepToStep()
    {
        // An iteration takes 5 s; it is looked at every second.
        for (var second = 0; second <= 28; second++)
            Observe(second, second / 5);

        Assert.Equal(0.2, PerSecond(28)!.Value, 6);
    }

    [Fact]
    public void PerSecond_AfterAChangeOfPace_IsThatOfTheLastMinute()
    {
        for (var second = 0; second <= 100; second++)
            Observe(second, second);
        for (var second = 1; second <= 100; second++)
            Observe(100 + second, 100 + (4 * second));

        Assert.Equal(4, PerSecond(200)!.Value, 6);
    }

    [Fact]
    public void PerSecond_ARunThatStandsStill_Falls()
    {
        Observe(0, 0);
        Observe(1, 10);

        Assert.Equal(10, PerSecond(2)!.Value, 6);
        Assert.Equal(0.1, PerSecond(100)!.Value, 6);
    }

    [Fact]
    public void PerSecond_AfterAStop_BeginsAnew()
    {
        Observe(0, 0);
        Observe(1, 10);
        _rate.Stop();
        Observe(3600, 10);

        Assert.Null(PerSecond(3600));
        Observe(3601, 12);
        Assert.Equal(2, PerSecond(3601)!.Value, 6);
    }

    private void Observe(double second, long iteration) => _rate.Observe(Start.AddSeconds(second), iteration);

    private double? PerSecond(double second) => _rate.PerSecond(Start.AddSeconds(second));
}
