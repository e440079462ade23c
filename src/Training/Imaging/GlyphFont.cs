using System.Runtime.InteropServices;
using System.Text;
using Atelier.Training.Interop;

namespace Atelier.Training.Imaging;

/// <summary>An installed colour font, as a source of pictures.</summary>
public sealed class GlyphFont
{
    private GlyphFont(string family, IReadOnlyList<Rune> codePoints)
    {
        Family = family;
        CodePoints = codePoints;
    }

    /// <summary>The family's name, as fontconfig knows it.</summary>
    public string Family { get; }

    /// <summary>The code points the font has glyphs for, ascending; some glyphs are empty (joiners, selectors).</summary>
    public IReadOnlyList<Rune> CodePoints { get; }

    /// <summary>Finds an installed font by its exact family name; null if there is none.</summary>
    public static GlyphFont? Find(string family)
    {
        var codePoints = new uint[CodePointCount(family, [])];
        CodePointCount(family, codePoints);
        var runes = codePoints.Where(c => Rune.IsValid(c)).Select(c => new Rune(c)).ToArray();
        return runes.Length == 0 ? null : new GlyphFont(family, runes);
    }

    /// <summary>Draws one glyph, whole and centred.</summary>
    /// <param name="codePoint">One of <see cref="CodePoints"/>; for others the system's fallback font would be drawn.</param>
    /// <param name="size">The size of the picture; the glyph's em box fills it.</param>
    /// <param name="background">The colour around and under the glyph.</param>
    /// <returns>The picture, or null if the glyph is empty.</returns>
    public RgbImage? Draw(Rune codePoint, ImageSize size, RgbColor background)
    {
        var image = RgbImage.Filled(size.Width, size.Height, background);
        // U+FE0F asks for the emoji presentation where a code point also has a text one (U+2600 and its like).
        var status = ImageLibrary.Glyph(
            $"{codePoint}\uFE0F", Family, size.Width, size.Height, background.Packed,
            ref MemoryMarshal.GetArrayDataReference(image.Planes), out var visible);
        ImageCodec.ThrowOnFailure(status);
        return visible != 0 ? image : null;
    }

    private static int CodePointCount(string family, Span<uint> codePoints)
    {
        var status = ImageLibrary.FontCodePoints(
            family, ref MemoryMarshal.GetReference(codePoints), (nuint)codePoints.Length, out var count);
        ImageCodec.ThrowOnFailure(status);
        return checked((int)count);
    }
}
