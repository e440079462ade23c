using ScottPlot;

namespace Atelier.Training.Imaging;

/// <summary>Values of one kind in a histogram.</summary>
/// <param name="Name">As in the legend.</param>
/// <param name="Values">At least one, finite.</param>
public sealed record HistogramSeries(string Name, IReadOnlyList<double> Values);

/// <summary>Draws histograms of several series over one axis, the share of each series in each bin.</summary>
public static class HistogramFigure
{
    private const int Width = 960;
    private const int Height = 480;
    private const int MostBins = 40;

    private static readonly string[] Palette = ["#d55e00", "#0072b2", "#009e73", "#cc79a7"];

    /// <summary>The figure as a PNG file.</summary>
    /// <param name="title">Above it.</param>
    /// <param name="xLabel">What the values are.</param>
    /// <param name="series">At most four.</param>
    public static byte[] ToPng(string title, string xLabel, IReadOnlyList<HistogramSeries> series)
    {
        ArgumentNullException.ThrowIfNull(series);
        LabelFont.UseInPlots();
        using var plot = new Plot { ScaleFactor = 1.5 };
        plot.Title(title, size: 16);
        plot.XLabel(xLabel);
        plot.YLabel("fraction of images");
        var all = series.SelectMany(of => of.Values).ToList();
        // Twice as many bins as the rule of Rice gives for one series: the two lie apart.
        int bins = Math.Clamp((int)Math.Ceiling(4 * Math.Cbrt(series.Max(of => of.Values.Count))), 5, MostBins);
        double low = all.Min(), width = Math.Max(all.Max() - low, 1e-9) / bins;
        for (int i = 0; i < series.Count; i++)
        {
            var color = Color.FromHex(Palette[i % Palette.Length]);
            var shares = Shares(series[i].Values, low, width, bins);
            var bars = plot.Add.Bars(shares.Select((share, bin) => new Bar
            {
                Position = low + ((bin + 0.5) * width), Value = share, Size = width, FillColor = color.WithAlpha(0.5), LineColor = color, LineWidth = 1,
            }).ToArray());
            bars.LegendText = series[i].Name;
        }
        plot.Axes.Margins(bottom: 0);
        plot.ShowLegend(Alignment.UpperRight);
        using var image = plot.GetImage((int)(Width * 1.5), (int)(Height * 1.5));
        return ImageCodec.EncodePng(ImageCodec.Decode(image.GetImageBytes(ScottPlot.ImageFormat.Png), RgbColor.White));
    }

    /// <summary>The share of values in each of <paramref name="bins"/> equal bins; the last one includes its upper end.</summary>
    internal static double[] Shares(IReadOnlyList<double> values, double low, double width, int bins)
    {
        var shares = new double[bins];
        foreach (double value in values)
            shares[Math.Clamp((int)((value - low) / width), 0, bins - 1)] += 1.0 / values.Count;
        return shares;
    }
}
