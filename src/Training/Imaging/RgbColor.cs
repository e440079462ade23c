using System.Globalization;

namespace Atelier.Training.Imaging;

/// <summary>An 8-bit sRGB colour. Written <c>#rrggbb</c>.</summary>
public readonly record struct RgbColor(byte Red, byte Green, byte Blue)
{
    /// <summary>White: the default background of transparent images.</summary>
    public static RgbColor White { get; } = new(255, 255, 255);

    /// <summary>Black.</summary>
    public static RgbColor Black { get; }

    /// <summary><c>0xRRGGBB</c>, as the image library takes it.</summary>
    internal uint Packed => (uint)((Red << 16) | (Green << 8) | Blue);

    /// <summary>Reads <c>#rrggbb</c> or <c>rrggbb</c>.</summary>
    /// <returns>False if the text is neither.</returns>
    public static bool TryParse(string text, out RgbColor color)
    {
        ArgumentNullException.ThrowIfNull(text);
        var digits = text.StartsWith('#') ? text[1..] : text;
        color = default;
        if (digits.Length != 6
            || !uint.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var packed))
            return false;
        color = new RgbColor((byte)(packed >> 16), (byte)(packed >> 8), (byte)packed);
        return true;
    }

    /// <summary><c>#rrggbb</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"#{Packed:x6}");
}
