using Atelier.Training.Analysis;
using Atelier.Training.Tests.Step;

namespace Atelier.Training.Tests.Analysis;

/// <summary>How much each resolution contributes to an image.</summary>
public sealed class ResolutionUsageTests
{
    /// <summary>LSUN Car's images are 4×3 doubled, which are no size to train at.</summary>
    [Theory]
    [InlineData(16, 16)]
    [InlineData(16, 12)]
    [InlineData(12, 16)]
    public void Measure_OfANetwork_SharesAllOfItBetweenItsResolutions(int width, int height)
    {
        using var state = SmallModel.State(SmallModel.Config(width, height));

        var usage = ResolutionUsage.Measure(state);

        Assert.Equal([4, 8, 16], usage.Select(of => of.Resolution));
        Assert.All(usage, of => Assert.InRange(of.Share, 0.01, 0.99));
        Assert.Equal(1, usage.Sum(of => of.Share), 5);
    }
}
