using System.Globalization;
using System.Net;

namespace Atelier.Training.Imaging;

/// <summary>Sample grids over time in one picture, each under a caption.</summary>
public static class ImageStrip
{
    private const int Gap = 12;
    private const int CaptionHeight = 24;

    /// <summary>Frames left to right, in as many rows as it takes; cells are as large as the largest frame.</summary>
    /// <param name="frames">The frames, in time order.</param>
    /// <param name="columns">Frames per row; 1 stacks them, null sets them all side by side.</param>
    public static RgbImage Compose(IReadOnlyList<StripFrame> frames, int? columns = null)
    {
        ArgumentNullException.ThrowIfNull(frames);
        if (frames.Count == 0)
            throw new ArgumentException("A strip needs a frame.", nameof(frames));
        var perRow = Math.Min(columns ?? frames.Count, frames.Count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(perRow, nameof(columns));
        var rows = (frames.Count + perRow - 1) / perRow;
        var cell = new ImageSize(frames.Max(f => f.Image.Width), frames.Max(f => f.Image.Height) + CaptionHeight);

        var strip = RgbImage.Filled(
            Gap + (perRow * (cell.Width + Gap)), Gap + (rows * (cell.Height + Gap)), RgbColor.White);
        for (var i = 0; i < frames.Count; i++)
        {
            var (x, y) = (Gap + (i % perRow * (cell.Width + Gap)), Gap + (i / perRow * (cell.Height + Gap)));
            strip.Paste(Caption(frames[i].Caption, cell.Width).Planes, new ImageSize(cell.Width, CaptionHeight), x, y);
            var image = frames[i].Image;
            strip.Paste(image.Planes, image.Size, x, y + CaptionHeight);
        }

        return strip;
    }

    // Letters shrink rather than run out of a narrow frame: DejaVu Sans is about 0.6 em wide a letter.
    private static RgbImage Caption(string text, int width)
    {
        var fontSize = Math.Clamp(width / (0.62 * Math.Max(1, text.Length)), 5, 14);
        var svg = string.Create(CultureInfo.InvariantCulture,
            $"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{CaptionHeight}"><text x="0" y="17" font-family="DejaVu Sans, sans-serif" font-size="{fontSize:0.##}" fill="#333">{WebUtility.HtmlEncode(text)}</text></svg>""");
        return SvgRenderer.Render(svg, RgbColor.White);
    }
}
