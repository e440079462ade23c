using Atelier.Training.Augmentation;

namespace Atelier.Training.Tests.Augmentation;

public sealed class MapTests
{
    private static readonly double[] Orange = [0.8, 0.4, -0.6];

    [Fact]
    public void PlaneMap_After_AppliesTheInnerMapFirst()
    {
        var map = PlaneMap.Translate(10, 0).After(PlaneMap.Rotate(Math.PI / 2)).After(PlaneMap.Scale(2, 3));
        // (1, 1) is scaled to (2, 3), turned to (−3, 2), moved to (7, 2).
        Assert.Equal(7, map.A + map.B + map.X, 12);
        Assert.Equal(2, map.C + map.D + map.Y, 12);
    }

    [Fact]
    public void ColourMap_FlipLuma_MirrorsBrightnessAndKeepsTheRest()
    {
        var flipped = Apply(ColourMap.FlipLuma(), Orange);
        Assert.Equal(-Orange.Sum(), flipped.Sum(), 12);
        Assert.Equal(Orange[0] - Orange[1], flipped[0] - flipped[1], 12);
        Assert.Equal(Orange[1] - Orange[2], flipped[1] - flipped[2], 12);
    }

    [Fact]
    public void ColourMap_RotateHue_TurnsAboutGrey()
    {
        // A third of a turn takes red to green, green to blue, blue to red.
        Near([Orange[2], Orange[0], Orange[1]], Apply(ColourMap.RotateHue(2 * Math.PI / 3), Orange));
        Near([0.3, 0.3, 0.3], Apply(ColourMap.RotateHue(1), [0.3, 0.3, 0.3]));
    }

    [Fact]
    public void ColourMap_Saturate_KeepsBrightness()
    {
        double mean = Orange.Average();
        Near([.. Orange.Select(channel => mean + (2.5 * (channel - mean)))], Apply(ColourMap.Saturate(2.5), Orange));
    }

    [Fact]
    public void ColourMap_After_AppliesTheInnerMapFirst() =>
        Near([.. Orange.Select(channel => 2 * (channel + 0.1))], Apply(ColourMap.Scale(2).After(ColourMap.Translate(0.1)), Orange));

    private static double[] Apply(ColourMap map, double[] colour) =>
        [.. Enumerable.Range(0, 3).Select(row => (map[row, 0] * colour[0]) + (map[row, 1] * colour[1]) + (map[row, 2] * colour[2]) + map[row, 3])];

    private static void Near(double[] expected, double[] actual) => Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 12));
}
