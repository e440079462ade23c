using System.Globalization;
using System.Text;
using Atelier.Training.Imaging;

namespace Atelier.Training.Data;

/// <summary>The dataset that needs no download: emoji drawn with Debian's Noto Color Emoji.</summary>
public static class EmojiFaces
{
    private const string FontFamily = "Noto Color Emoji";

    private static readonly (int First, int Last)[] Faces =
        [(0x1F600, 0x1F644), (0x1F910, 0x1F917), (0x1F920, 0x1F92F), (0x1F970, 0x1F97A)];

    private static readonly (int First, int Last)[] All = [(0x2600, 0x27BF), (0x1F300, 0x1FAFF)];

    // Skin tones and hair: parts of other emoji, drawn alone as swatches (Unicode's property Emoji_Component).
    private static readonly (int First, int Last)[] Components = [(0x1F3FB, 0x1F3FF), (0x1F9B0, 0x1F9B3)];

    /// <summary>Draws the emoji that the font has, on white.</summary>
    /// <param name="size">The size of the images.</param>
    /// <param name="set">Which emoji.</param>
    /// <exception cref="DatasetException">The font is not installed.</exception>
    public static ImageSource Draw(ImageSize size, EmojiSet set = EmojiSet.Faces) => Draw(size, set, FontFamily);

    /// <summary>The same with any installed colour font.</summary>
    internal static ImageSource Draw(ImageSize size, EmojiSet set, string fontFamily)
    {
        NetworkSize.Require(size, "the size asked for");
        var font = GlyphFont.Find(fontFamily) ?? throw new DatasetException(
            DatasetProblem.MissingFont,
            $"The font {fontFamily} is not installed, and the demo's images are drawn with it. "
            + "Install it (`apt-get install fonts-noto-color-emoji`), or pass images of your own.");
        var ranges = set == EmojiSet.Faces ? Faces : All;
        var images = font.CodePoints
            .Where(c => IsIn(ranges, c) && !IsIn(Components, c))
            .AsParallel()
            .Select(c => (CodePoint: c, Image: font.Draw(c, size, RgbColor.White)))
            .Where(g => g.Image is not null)
            .Select(g => KeyValuePair.Create(FileName(g.CodePoint), ImageCodec.EncodePng(g.Image!)));
        return new MemoryImageSource(set == EmojiSet.Faces ? "emoji faces" : "emoji", images);
    }

    private static bool IsIn((int First, int Last)[] ranges, Rune codePoint) =>
        ranges.Any(r => codePoint.Value >= r.First && codePoint.Value <= r.Last);

    private static string FileName(Rune codePoint) =>
        string.Create(CultureInfo.InvariantCulture, $"emoji_u{codePoint.Value:x4}.png");
}
