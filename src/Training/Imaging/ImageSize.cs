using System.Globalization;

namespace Atelier.Training.Imaging;

/// <summary>A size in pixels. Written <c>512x384</c> (width first), or <c>32</c> when square.</summary>
public readonly record struct ImageSize(int Width, int Height)
{
    /// <summary>A square.</summary>
    public static ImageSize Square(int side) => new(side, side);

    /// <summary>The size of an image in bytes: three planes of uint8.</summary>
    public int ImageBytes => checked(3 * Width * Height);

    /// <summary>Reads <c>WxH</c> or one number for a square.</summary>
    /// <returns>False if the text is neither, or a side is not positive.</returns>
    public static bool TryParse(string text, out ImageSize size)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split('x', '×');
        size = default;
        if (parts.Length > 2 || !TryParseSide(parts[0], out var width) || !TryParseSide(parts[^1], out var height))
            return false;
        size = new ImageSize(width, height);
        return true;
    }

    /// <summary><c>512x384</c>, as it is passed on the command line.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Width}x{Height}");

    private static bool TryParseSide(string text, out int side) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out side) && side > 0;
}
