using Atelier.Core.Schedules;

namespace Atelier.Core.Tests.Schedules;

public class EmaScheduleTests
{
    [Fact]
    public void Beta_NoRampUp_HalvesOverTheHalfLife() =>
        Assert.Equal(0.5, Math.Pow(EmaSchedule.Beta(32, ImageCount.Zero, 10, null), 10_000 / 32.0), 1e-12);

    [Fact]
    public void Beta_FirstIterationWithRampUp_TakesTheCurrentWeights() =>
        Assert.Equal(0, EmaSchedule.Beta(16, ImageCount.Zero, 10, .05));

    [Fact]
    public void Beta_WithinRampUp_HasAHalfLifeOfAPartOfTheImages() =>
        Assert.Equal(Math.Pow(0.5, 16 / 200.0), EmaSchedule.Beta(16, new(4000), 10, .05), 1e-15);

    [Fact]
    public void Beta_AfterRampUp_EqualsNoRampUp() =>
        Assert.Equal(EmaSchedule.Beta(16, new(400_000), 10, null), EmaSchedule.Beta(16, new(400_000), 10, .05));
}
