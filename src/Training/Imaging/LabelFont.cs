using ScottPlot;
using SkiaSharp;

namespace Atelier.Training.Imaging;

/// <summary>
/// The font of captions and plots: DejaVu Sans with the Latin letters only, inside the assembly, so that pictures have
/// labels, and the same, on machines without any font (data/fonts has its licence).
/// </summary>
internal sealed class LabelFont : IFontResolver
{
    /// <summary>The font's family.</summary>
    public const string Family = "DejaVu Sans";

    private const string Resource = "fonts/DejaVuSans-Latin.ttf";

    private LabelFont()
    {
    }

    /// <summary>The font's shapes; safe from any number of threads.</summary>
    public static SKTypeface Typeface { get; } = Load();

    /// <summary>Makes ScottPlot draw all text with this font, whatever the machine has.</summary>
    public static void UseInPlots() => Registration.Done.ToString();

    /// <inheritdoc/>
    // A new one for each call: ScottPlot disposes what it is given.
    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) => Load();

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => Load();

    /// <summary>Writes a line of text onto a picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="text">The text; it shrinks rather than run out of the width.</param>
    /// <param name="x">The column of its left edge.</param>
    /// <param name="y">The row of its top edge.</param>
    /// <param name="size">The width and height of the room for it.</param>
    /// <param name="color">Its colour; it stands on white.</param>
    /// <param name="points">Its size, if it fits.</param>
    public static void Write(RgbImage image, string text, int x, int y, ImageSize size, RgbColor color, float points = 14)
    {
        using var bitmap = new SKBitmap(size.Width, size.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using var canvas = new SKCanvas(bitmap);
        using var paint = new SKPaint { Color = new SKColor(color.Red, color.Green, color.Blue), IsAntialias = true };
        using var font = new SKFont(Typeface, points);
        font.Size = Math.Clamp(points * size.Width / Math.Max(1, font.MeasureText(text)), 5, points);
        canvas.Clear(SKColors.White);
        canvas.DrawText(text, 0, size.Height * 0.7f, SKTextAlign.Left, font, paint);
        canvas.Flush();
        image.Paste(ToPlanes(bitmap), size, x, y);
    }

    /// <summary>The planes [3, height, width] of a bitmap of four bytes per pixel, red first.</summary>
    public static byte[] ToPlanes(SKBitmap bitmap)
    {
        var plane = bitmap.Width * bitmap.Height;
        var planes = new byte[3 * plane];
        var pixels = bitmap.GetPixelSpan();
        for (var y = 0; y < bitmap.Height; y++)
        {
            var row = pixels.Slice(y * bitmap.RowBytes, 4 * bitmap.Width);
            for (var x = 0; x < bitmap.Width; x++)
            {
                for (var c = 0; c < 3; c++)
                    planes[(c * plane) + (y * bitmap.Width) + x] = row[(4 * x) + c];
            }
        }

        return planes;
    }

    private static SKTypeface Load()
    {
        using var font = typeof(LabelFont).Assembly.GetManifestResourceStream(Resource)!;
        return SKTypeface.FromStream(font);
    }

    private static class Registration
    {
        public static readonly bool Done = Register();

        private static bool Register()
        {
            Fonts.FontResolvers.Insert(0, new LabelFont());
            Fonts.Default = Fonts.Sans = Fonts.Serif = Fonts.Monospace = Family;
            return true;
        }
    }
}
