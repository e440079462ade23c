using System.Globalization;
using System.Net;
using System.Text;

namespace Atelier.Training.Imaging;

/// <summary>Draws training curves: diagrams below each other over one x axis, as SVG and as PNG.</summary>
public static class LossCurves
{
    private const int Width = 960;
    private const int PanelHeight = 300;
    private const int Left = 76;
    private const int Right = 28;
    private const int Top = 64;
    private const int Bottom = 52;
    private const int MostPoints = 600;

    // Seven colours that differ in lightness too, for eyes that confuse red and green (Okabe and Ito 2008).
    private static readonly string[] Palette = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#444444"];

    /// <summary>The curves as an SVG document.</summary>
    /// <param name="panels">The diagrams, top to bottom.</param>
    /// <param name="xLabel">The name and unit of the x axis.</param>
    public static string ToSvg(IReadOnlyList<CurvePanel> panels, string xLabel = "kimg")
    {
        ArgumentNullException.ThrowIfNull(panels);
        var x = ChartAxis.Linear(panels.SelectMany(p => p.Curves).SelectMany(c => c.Points).Select(p => p.X), 8, toTicks: false);
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture,
            $"""<svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{panels.Count * PanelHeight}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="12" fill="#444">""");
        svg.Append("""<rect width="100%" height="100%" fill="#fff"/>""");
        for (var i = 0; i < panels.Count; i++)
        {
            svg.Append(CultureInfo.InvariantCulture, $"""<g transform="translate(0 {i * PanelHeight})">""");
            DrawPanel(svg, panels[i], x, xLabel);
            svg.Append("</g>");
        }

        return svg.Append("</svg>").ToString();
    }

    /// <summary>The curves as a PNG file.</summary>
    /// <param name="panels">The diagrams, top to bottom.</param>
    /// <param name="xLabel">The name and unit of the x axis.</param>
    /// <param name="scale">Pixels per SVG unit; the drawing is 960 units wide.</param>
    public static byte[] ToPng(IReadOnlyList<CurvePanel> panels, string xLabel = "kimg", double scale = 1.5) =>
        ImageCodec.EncodePng(SvgRenderer.Render(ToSvg(panels, xLabel), RgbColor.White, scale));

    private static void DrawPanel(StringBuilder svg, CurvePanel panel, ChartAxis x, string xLabel)
    {
        var values = panel.Curves.SelectMany(c => c.Points).Select(p => p.Y);
        var y = panel.LogarithmicY ? ChartAxis.Log(values, 6) : ChartAxis.Linear(values, 5, toTicks: true);
        DrawAxes(svg, x, y, xLabel);
        Text(svg, Left, 26, panel.Title, "start", "font-size=\"15\" font-weight=\"bold\" fill=\"#222\"");
        DrawLegend(svg, panel.Curves);
        if (!panel.Curves.Any(c => c.Points.Count > 0))
            Text(svg, (Left + Width - Right) / 2.0, PanelHeight / 2.0, "nothing measured yet", "middle", "font-size=\"14\" fill=\"#999\"");
        for (var i = 0; i < panel.Curves.Count; i++)
            DrawCurve(svg, panel.Curves[i].Thin(MostPoints), x, y, Palette[i % Palette.Length]);
    }

    private static void DrawAxes(StringBuilder svg, ChartAxis x, ChartAxis y, string xLabel)
    {
        foreach (var tick in y.Ticks)
        {
            var at = AtY(y, tick);
            Line(svg, Left, at, Width - Right, at, "#e4e4e4");
            Text(svg, Left - 9, at + 4, ChartAxis.Label(tick), "end");
        }

        foreach (var tick in x.Ticks)
        {
            var at = AtX(x, tick);
            Line(svg, at, Top, at, PanelHeight - Bottom, "#f0f0f0");
            Line(svg, at, PanelHeight - Bottom, at, PanelHeight - Bottom + 5, "#888");
            Text(svg, at, PanelHeight - Bottom + 19, ChartAxis.Label(tick), "middle");
        }

        Line(svg, Left, PanelHeight - Bottom, Width - Right, PanelHeight - Bottom, "#888");
        Text(svg, (Left + Width - Right) / 2.0, PanelHeight - 12, xLabel, "middle", "fill=\"#666\"");
    }

    private static void DrawLegend(StringBuilder svg, IReadOnlyList<Curve> curves)
    {
        var at = (double)Left;
        for (var i = 0; i < curves.Count; i++)
        {
            svg.Append(CultureInfo.InvariantCulture,
                $"""<line x1="{at:0.#}" y1="45" x2="{at + 20:0.#}" y2="45" stroke="{Palette[i % Palette.Length]}" stroke-width="3" stroke-linecap="round"/>""");
            Text(svg, at + 27, 49, curves[i].Name, "start");
            // The text is not measured; DejaVu Sans is about 7.3 units wide a letter at this size.
            at += 27 + (7.3 * curves[i].Name.Length) + 22;
        }
    }

    // A noisy curve is drawn twice: what was measured faintly, and its moving average to read.
    private static void DrawCurve(StringBuilder svg, Curve curve, ChartAxis x, ChartAxis y, string color)
    {
        if (curve.Points.Count < 60)
        {
            Path(svg, curve, x, y, color, "stroke-width=\"2\"");
            return;
        }

        Path(svg, curve, x, y, color, "stroke-width=\"1\" stroke-opacity=\"0.25\"");
        Path(svg, curve.Smooth(Math.Max(2, curve.Points.Count / 60)), x, y, color, "stroke-width=\"2\"");
    }

    private static void Path(StringBuilder svg, Curve curve, ChartAxis x, ChartAxis y, string color, string style)
    {
        svg.Append(CultureInfo.InvariantCulture,
            $"<path fill=\"none\" stroke=\"{color}\" stroke-linejoin=\"round\" stroke-linecap=\"round\" {style} d=\"");
        var pen = 'M';
        foreach (var point in curve.Points)
        {
            var (px, py) = (AtX(x, point.X), AtY(y, point.Y));
            if (double.IsNaN(px) || double.IsNaN(py))
            {
                pen = 'M';
                continue;
            }

            // A lone point between gaps shows as a dot, thanks to the round cap of a line of no length.
            svg.Append(CultureInfo.InvariantCulture, $"{pen}{px:0.#} {py:0.#}");
            if (pen == 'M')
                svg.Append(CultureInfo.InvariantCulture, $"L{px:0.#} {py:0.#}");
            pen = 'L';
        }

        svg.Append("\"/>");
    }

    private static void Line(StringBuilder svg, double x1, double y1, double x2, double y2, string color) =>
        svg.Append(CultureInfo.InvariantCulture,
            $"""<line x1="{x1:0.#}" y1="{y1:0.#}" x2="{x2:0.#}" y2="{y2:0.#}" stroke="{color}"/>""");

    private static void Text(StringBuilder svg, double x, double y, string text, string anchor, string style = "") =>
        svg.Append(CultureInfo.InvariantCulture,
            $"""<text x="{x:0.#}" y="{y:0.#}" text-anchor="{anchor}" {style}>{WebUtility.HtmlEncode(text)}</text>""");

    private static double AtX(ChartAxis axis, double value) => Left + (axis.Position(value) * (Width - Left - Right));

    private static double AtY(ChartAxis axis, double value) =>
        PanelHeight - Bottom - (axis.Position(value) * (PanelHeight - Top - Bottom));
}
