using Atelier.Training.Imaging;

namespace Atelier.Training.Tests.Imaging;

public class LossCurvesTests
{
    [Fact]
    public void ToPng_Curve_IsDrawnInItsColour()
    {
        var image = Draw(Panel("Losses", 100));

        Assert.Equal(new ImageSize(960, 300), image.Size);
        Assert.True(Blue(image) > 500, $"{Blue(image)} pixels of the first series' colour");
    }

    [Fact]
    public void ToPng_ValuesThatAreNotFinite_LeaveGaps()
    {
        Curve Of(Func<int, double> value) => new("x", [.. Enumerable.Range(0, 50).Select(i => new CurvePoint(i, value(i)))]);

        var whole = Blue(Draw(new CurvePanel("t", [Of(_ => 1)])));
        var gaps = Blue(Draw(new CurvePanel("t", [Of(i => i is >= 10 and < 40 ? double.NaN : 1)])));

        Assert.InRange(gaps, 1, whole * 0.7);
    }

    [Fact]
    public void ToPng_TitleAndNames_AreWritten()
    {
        // Only the texts differ between the two.
        var one = Draw(new CurvePanel("Losses", [new Curve("generator", [new(0, 1), new(1, 2)])]));
        var other = Draw(new CurvePanel("", [new Curve("generator", [new(0, 1), new(1, 2)])]));

        Assert.True(Dark(one, 56) > Dark(other, 56) + 100, $"{Dark(one, 56)} and {Dark(other, 56)} dark pixels above the diagram");
        Assert.True(Dark(one, 300) > 400, $"{Dark(one, 300)} dark pixels in all");
    }

    [Fact]
    public void ToPng_HighestY_IsWhereTheAxisEnds()
    {
        static double Height(double highest)
        {
            var image = Draw(new CurvePanel("", [new Curve("", [new(0, 1), new(1, 1)])], HighestY: highest));
            return Enumerable.Range(0, image.Height).Where(row => Enumerable.Range(0, image.Width).Count(column => IsBlue(image.At(column, row))) > 100).Average();
        }

        // The line at 1 lies the lower the higher the axis goes.
        Assert.True(Height(10) > Height(2) + 50, $"{Height(10)} and {Height(2)}");
    }

    [Fact]
    public void ToPng_SeveralPanels_AreStackedAndScaled() =>
        Assert.Equal(new ImageSize(1440, 900), ImageCodec.Decode(LossCurves.ToPng([Panel("Losses", 40), Panel("R1 penalty", 5000, log: true)]), RgbColor.White).Size);

    [Fact]
    public void ToPng_NothingMeasured_StillDraws() =>
        Assert.NotEmpty(LossCurves.ToPng([new CurvePanel("empty", [new Curve("G", [])]), new CurvePanel("none", [], LogarithmicY: true)]));

    [Fact]
    public void Thin_LongCurve_AveragesNeighbours()
    {
        var curve = new Curve("x", [.. Enumerable.Range(0, 1000).Select(i => new CurvePoint(i, 2 * i))]);

        var thin = curve.Thin(100);

        Assert.Equal(100, thin.Points.Count);
        Assert.Equal(new CurvePoint(4.5, 9), thin.Points[0]);
        Assert.Equal(new CurvePoint(2, 4), curve.Smooth(2).Points[2]);
    }

    private static RgbImage Draw(CurvePanel panel) => ImageCodec.Decode(LossCurves.ToPng([panel], scale: 1), RgbColor.Black);

    private static int Blue(RgbImage image) => Count(image, image.Height, IsBlue);

    private static bool IsBlue(RgbColor c) => c is { Red: < 40, Green: > 90 and < 140, Blue: > 160 };

    private static int Dark(RgbImage image, int rows) => Count(image, rows, c => c is { Red: < 100, Green: < 100, Blue: < 100 });

    private static int Count(RgbImage image, int rows, Func<RgbColor, bool> counts) =>
        Enumerable.Range(0, image.Width * rows).Count(i => counts(image.At(i % image.Width, i / image.Width)));

    private static CurvePanel Panel(string title, int points, bool log = false) => new(
        title,
        [
            new Curve("G & friends", [.. Enumerable.Range(0, points).Select(i => new CurvePoint(i * 0.1, 1 + Math.Exp(-i * 0.001)))]),
            new Curve("D", [.. Enumerable.Range(0, points).Select(i => new CurvePoint(i * 0.1, 0.5 + (0.1 * Math.Sin(i))))]),
        ],
        log);
}
