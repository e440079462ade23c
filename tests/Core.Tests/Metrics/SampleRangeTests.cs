using Atelier.Core.Metrics;
using Atelier.Core.Randomness;

namespace Atelier.Core.Tests.Metrics;

public sealed class SampleRangeTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(50_000)]
    public void Cut_Samples_CoversThemInOrder(int samples)
    {
        int end = 0;
        foreach (var range in SampleRange.Cut(samples))
        {
            Assert.Equal(end, range.Start);
            Assert.InRange(range.Count, 1, SampleRange.Size);
            end = range.End;
        }
        Assert.Equal(samples, end);
    }

    [Fact]
    public void Pieces_OfARange_CoverIt() =>
        Assert.Equal([new SampleRange(256, 16), new SampleRange(272, 16), new SampleRange(288, 3)], new SampleRange(256, 35).Pieces(16));

    [Theory]
    [InlineData(new[] { 5.0 }, 5)]
    [InlineData(new[] { 3.0, 1, 2 }, 2)]
    public void FilteredMean_FewLengths_IsTheirMean(double[] lengths, double expected) => Assert.Equal(expected, PathLengths.FilteredMean(lengths), 12);

    [Fact]
    public void FilteredMean_Outliers_AreLeftOut()
    {
        // Of 201 lengths the 3rd lowest and highest stand at the percentiles; two on either side go.
        var lengths = Enumerable.Repeat(7.0, 197).Concat([-1e9, -1e9, 1e9, 1e9]).ToArray();

        Assert.Equal(7, PathLengths.FilteredMean(lengths), 12);
    }

    [Fact]
    public void RandomSubset_Draw_HasNoImageTwiceAndFollowsItsKey()
    {
        var key = new DrawKey(1, 0, DrawPurpose.MetricSubset, Index: 3);
        var drawn = RandomSubset.Draw(key, 50, 60);

        Assert.Equal(50, drawn.Distinct().Count());
        Assert.All(drawn, image => Assert.InRange(image, 0, 59));
        Assert.Equal(drawn, RandomSubset.Draw(key, 50, 60));
        Assert.NotEqual(drawn, RandomSubset.Draw(key with { Index = 4 }, 50, 60));
    }
}
