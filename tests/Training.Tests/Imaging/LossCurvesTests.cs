using System.Xml.Linq;
using Atelier.Training.Imaging;

namespace Atelier.Training.Tests.Imaging;

public class LossCurvesTests
{
    [Fact]
    public void ToSvg_Panels_IsWellFormedAndNamesEverything()
    {
        var svg = XDocument.Parse(LossCurves.ToSvg([Panel("Losses <adversarial>", 40), Panel("R1 penalty", 5000, log: true)], "kimg"));

        var texts = svg.Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value).ToArray();
        Assert.Contains("Losses <adversarial>", texts);
        Assert.Contains("R1 penalty", texts);
        Assert.Contains("G & friends", texts);
        Assert.Equal(2, texts.Count(t => t == "kimg"));
        // A short curve is one line, a long one is drawn twice, thinned.
        var paths = svg.Descendants().Where(e => e.Name.LocalName == "path").Select(e => e.Attribute("d")!.Value).ToArray();
        Assert.Equal(2 + 4, paths.Length);
        Assert.All(paths, d => Assert.InRange(d.Count(c => c == 'L'), 30, 700));
    }

    [Fact]
    public void ToSvg_ValuesThatAreNotFinite_LeaveGaps()
    {
        var curve = new Curve("x", [new(0, 1), new(1, 2), new(2, double.NaN), new(3, 1), new(4, double.PositiveInfinity), new(5, 2)]);

        var svg = LossCurves.ToSvg([new CurvePanel("gaps", [curve])]);

        var path = Assert.Single(XDocument.Parse(svg).Descendants(), e => e.Name.LocalName == "path").Attribute("d")!.Value;
        Assert.Equal(3, path.Count(c => c == 'M'));
        Assert.DoesNotContain("NaN", svg, StringComparison.Ordinal);
    }

    [Fact]
    public void ToPng_Curve_IsDrawnInItsColour()
    {
        var image = ImageCodec.Decode(LossCurves.ToPng([Panel("Losses", 100)], scale: 1), RgbColor.Black);

        Assert.Equal(new ImageSize(960, 300), image.Size);
        var blue = 0;
        for (var i = 0; i < image.Width * image.Height; i++)
        {
            var colour = image.At(i % image.Width, i / image.Width);
            blue += colour is { Red: < 40, Green: > 90 and < 140, Blue: > 160 } ? 1 : 0;
        }

        Assert.True(blue > 500, $"{blue} pixels of the first series' colour");
    }

    [Fact]
    public void ToPng_NothingMeasured_StillDraws() =>
        Assert.NotEmpty(LossCurves.ToPng([new CurvePanel("empty", [new Curve("G", [])]), new CurvePanel("none", [], LogarithmicY: true)]));

    private static CurvePanel Panel(string title, int points, bool log = false) => new(
        title,
        [
            new Curve("G & friends", [.. Enumerable.Range(0, points).Select(i => new CurvePoint(i * 0.1, 1 + Math.Exp(-i * 0.001)))]),
            new Curve("D", [.. Enumerable.Range(0, points).Select(i => new CurvePoint(i * 0.1, 0.5 + (0.1 * Math.Sin(i))))]),
        ],
        log);
}
