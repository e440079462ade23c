using Atelier.Core.Schedules;

namespace Atelier.Core.Tests.Schedules;

public class LazyRegularisationTests
{
    [Fact]
    public void Adjust_EveryFourth_ScalesRateAndExponents()
    {
        var adjusted = new LazyRegularisation(4).Adjust(new(.002, .5, .99, 1e-8));
        Assert.Equal(.0016, adjusted.LearningRate, 1e-15);
        Assert.Equal(Math.Pow(.5, .8), adjusted.Beta1, 1e-15);
        Assert.Equal(Math.Pow(.99, .8), adjusted.Beta2, 1e-15);
        Assert.Equal(1e-8, adjusted.Epsilon);
    }

    [Fact]
    public void Adjust_ZeroBeta_StaysZero() =>
        Assert.Equal(0, new LazyRegularisation(16).Adjust(new(.002, 0, .99, 1e-8)).Beta1);

    [Fact]
    public void Adjust_NotLazy_ChangesNothing()
    {
        var hyper = new AdamHyper(.0025, 0, .99, 1e-8);
        Assert.Equal(hyper, new LazyRegularisation(null).Adjust(hyper));
    }
}
