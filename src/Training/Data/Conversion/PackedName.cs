using System.Globalization;

namespace Atelier.Training.Data.Conversion;

/// <summary>Where the published datasets keep image n: <c>00012/img00012345.png</c>, a folder a thousand.</summary>
internal static class PackedName
{
    private const int DigitsAt = 9;
    private const int Digits = 8;
    private const int FolderDigits = 5;
    private const int MostImages = 100_000_000;

    /// <summary>The path of an image.</summary>
    /// <param name="index">Its position in the source.</param>
    public static string Of(int index)
    {
        if (index is < 0 or >= MostImages)
            throw new ArgumentOutOfRangeException(nameof(index), index, $"The published layout has room for {MostImages:#,0} images.");
        var digits = index.ToString("00000000", CultureInfo.InvariantCulture);
        return $"{digits[..FolderDigits]}/img{digits}.png";
    }

    /// <summary>The image that a path belongs to; null if it is no such path.</summary>
    public static int? IndexOf(string path) =>
        path.Length == DigitsAt + Digits + ".png".Length
        && int.TryParse(path.AsSpan(DigitsAt, Digits), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
        && path == Of(index) ? index : null;
}
