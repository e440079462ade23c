using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Atelier.Training.Imaging;

/// <summary>One measured value of a curve.</summary>
/// <param name="X">Where, in the unit of the x axis (kimg).</param>
/// <param name="Y">The value; one that is not finite leaves a gap.</param>
public readonly record struct CurvePoint(double X, double Y);

/// <summary>A named series of values.</summary>
/// <param name="Name">As in the legend.</param>
/// <param name="Points">With X ascending.</param>
public sealed record Curve(string Name, IReadOnlyList<CurvePoint> Points)
{
    /// <summary>Whether each value stands for itself, as those of metrics do: drawn as points, and not smoothed.</summary>
    public bool IsSparse { get; init; }

    /// <summary>
    /// At most <paramref name="limit"/> points: neighbours averaged, so that a long run draws as fast as a short one.
    /// </summary>
    internal Curve Thin(int limit)
    {
        if (Points.Count <= limit)
            return this;
        var size = (Points.Count + limit - 1) / limit;
        return this with { Points = [.. Points.Chunk(size).Select(Mean)] };
    }

    /// <summary>Centred moving average over 2·<paramref name="radius"/>+1 points (fewer at the ends): smooth without lag.</summary>
    internal Curve Smooth(int radius)
    {
        var smooth = new CurvePoint[Points.Count];
        for (var i = 0; i < smooth.Length; i++)
        {
            var first = Math.Max(0, i - radius);
            var count = Math.Min(smooth.Length - 1, i + radius) - first + 1;
            smooth[i] = new CurvePoint(Points[i].X, Points.Skip(first).Take(count).Average(p => p.Y));
        }

        return this with { Points = smooth };
    }

    private static CurvePoint Mean(CurvePoint[] points) => new(points.Average(p => p.X), points.Average(p => p.Y));
}

/// <summary>One diagram of <see cref="LossCurves"/>: curves over the shared x axis, with a y axis of their own.</summary>
/// <param name="Title">Above the diagram.</param>
/// <param name="Curves">The series, in the order of the legend.</param>
/// <param name="LogarithmicY">Whether the y axis is logarithmic; values up to 0 then leave gaps.</param>
/// <param name="HighestY">Where the y axis ends, which then begins at 0, so that diagrams can be compared; null for what the curves need.</param>
public sealed record CurvePanel(string Title, IReadOnlyList<Curve> Curves, bool LogarithmicY = false, double? HighestY = null);

/// <summary>A place on the x axis where something happened: a line across all diagrams.</summary>
/// <param name="X">Where.</param>
/// <param name="Text">What, at the line's top in the first diagram.</param>
public sealed record CurveMark(double X, string Text);

/// <summary>Draws training curves with ScottPlot: diagrams below each other over one x axis.</summary>
public static class LossCurves
{
    private const int Width = 960;
    private const int PanelHeight = 300;
    private const int HeadingHeight = 36;
    private const int LeftMargin = 76;
    private const int RightMargin = 28;
    private const int MostPoints = 600;
    private const int NoisyFrom = 60;

    // Seven colours that differ in lightness too, for eyes that confuse red and green (Okabe and Ito 2008).
    private static readonly string[] Palette = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#444444"];

    /// <summary>The curves as a PNG file.</summary>
    /// <param name="panels">The diagrams, top to bottom.</param>
    /// <param name="xLabel">The name and unit of the x axis.</param>
    /// <param name="scale">Enlargement of a drawing that is 960 pixels wide and 300 per diagram high.</param>
    /// <param name="name">What the curves are of, above them; null for nothing.</param>
    /// <param name="marks">Places on the x axis; null for none.</param>
    public static byte[] ToPng(IReadOnlyList<CurvePanel> panels, string xLabel = "kimg", double scale = 1.5, string? name = null, IReadOnlyList<CurveMark>? marks = null)
    {
        ArgumentNullException.ThrowIfNull(panels);
        LabelFont.UseInPlots();
        var size = new ImageSize((int)(Width * scale), (int)(PanelHeight * scale));
        var heading = name is null ? 0 : (int)(HeadingHeight * scale);
        var sheet = RgbImage.Filled(size.Width, heading + (Math.Max(1, panels.Count) * size.Height), RgbColor.White);
        if (name is not null)
            LabelFont.Write(sheet, name, (int)(LeftMargin * scale), 0, new ImageSize(size.Width - (int)((LeftMargin + RightMargin) * scale), heading), new RgbColor(0x33, 0x33, 0x33), 16 * (float)scale);
        var xs = panels.SelectMany(p => p.Curves).SelectMany(c => c.Points).Select(p => p.X).Where(double.IsFinite).DefaultIfEmpty(0).ToArray();
        for (var i = 0; i < panels.Count; i++)
        {
            using var plot = new Plot { ScaleFactor = scale };
            Draw(plot, panels[i], xLabel);
            foreach (var mark in marks ?? [])
                Draw(plot, mark, hasText: i == 0);
            plot.Axes.SetLimitsX(xs.Min(), xs.Max() > xs.Min() ? xs.Max() : xs.Min() + 1);
            using var image = plot.GetImage(size.Width, size.Height);
            sheet.Paste(ImageCodec.Decode(image.GetImageBytes(ScottPlot.ImageFormat.Png), RgbColor.White).Planes, size, 0, heading + (i * size.Height));
        }

        return ImageCodec.EncodePng(sheet);
    }

    private static void Draw(Plot plot, CurvePanel panel, string xLabel)
    {
        plot.Title(panel.Title, size: 16);
        plot.XLabel(xLabel);
        plot.Grid.MajorLineColor = Color.FromHex("#e4e4e4");
        // Room beside the axes that is the same in every diagram, so that they line up.
        plot.Layout.Fixed(new PixelPadding(LeftMargin, RightMargin, 56, 52));
        for (var i = 0; i < panel.Curves.Count; i++)
            Draw(plot, panel.Curves[i].IsSparse ? panel.Curves[i] : panel.Curves[i].Thin(MostPoints), panel.LogarithmicY, Color.FromHex(Palette[i % Palette.Length]));
        plot.Axes.Left.TickGenerator = panel.LogarithmicY ? Decades() : new NumericAutomatic { LabelFormatter = Label };
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic { LabelFormatter = Label };
        if (panel.HighestY is { } highest)
            plot.Axes.SetLimitsY(0, highest);
        else
            plot.Axes.AutoScaleY();
        // Room for the legend above the curves.
        var limits = plot.Axes.GetLimits();
        plot.Axes.SetLimitsY(limits.Bottom, limits.Top + (limits.VerticalSpan * 0.2));
        plot.ShowLegend(Alignment.UpperRight, Orientation.Horizontal);
        plot.Legend.OutlineColor = Colors.Transparent;
        plot.Legend.ShadowColor = Colors.Transparent;
        if (!panel.Curves.Any(c => c.Points.Any(p => double.IsFinite(p.Y))))
            plot.Add.Annotation("nothing measured yet", Alignment.MiddleCenter);
    }

    // A noisy curve is drawn twice: what was measured faintly, and its moving average to read.
    private static void Draw(Plot plot, Curve curve, bool logarithmic, Color color)
    {
        var isNoisy = curve.Points.Count >= NoisyFrom && !curve.IsSparse;
        var line = Add(plot, isNoisy ? curve.Smooth(Math.Max(2, curve.Points.Count / NoisyFrom)) : curve, logarithmic);
        line.LegendText = curve.Name;
        (line.Color, line.LineWidth, line.MarkerSize) = (color, curve.IsSparse ? 1 : 2, isNoisy ? 0 : curve.IsSparse ? 7 : 4);
        if (!isNoisy)
            return;
        var measured = Add(plot, curve, logarithmic);
        (measured.Color, measured.LineWidth, measured.MarkerSize) = (color.WithAlpha(0.25), 1, 0);
    }

    private static void Draw(Plot plot, CurveMark mark, bool hasText)
    {
        var line = plot.Add.VerticalLine(mark.X, 1, Color.FromHex("#888888"), LinePattern.Dashed);
        line.ExcludeFromLegend = true;
        if (!hasText)
            return;
        var limits = plot.Axes.GetLimits();
        var text = plot.Add.Text(mark.Text, mark.X, limits.Bottom + (0.03 * limits.VerticalSpan));
        (text.LabelFontColor, text.LabelFontSize, text.LabelAlignment, text.LabelRotation) = (Color.FromHex("#666666"), 11, Alignment.LowerLeft, -90);
    }

    private static ScottPlot.Plottables.Scatter Add(Plot plot, Curve curve, bool logarithmic) => plot.Add.Scatter(
        curve.Points.Select(p => p.X).ToArray(),
        curve.Points.Select(p => !double.IsFinite(p.Y) || (logarithmic && p.Y <= 0) ? double.NaN : logarithmic ? Math.Log10(p.Y) : p.Y).ToArray());

    // The axis is linear in the logarithm.
    private static NumericAutomatic Decades() => new()
    {
        IntegerTicksOnly = true,
        MinorTickGenerator = new LogMinorTickGenerator(),
        LabelFormatter = exponent => Label(Math.Pow(10, exponent)),
    };

    private static string Label(double tick) => Math.Abs(tick) is >= 1e6 or (> 0 and < 1e-4)
        ? tick.ToString("0.###e0", CultureInfo.InvariantCulture)
        : Math.Round(tick, 10).ToString("#,0.##########", CultureInfo.InvariantCulture);
}
