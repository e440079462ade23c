using Atelier.Training.Imaging;

namespace Atelier.Training.Data.Conversion;

/// <summary>What a conversion made.</summary>
/// <param name="Size">The size of every image.</param>
/// <param name="Images">Images in the file.</param>
/// <param name="AlreadyThere">Those of them that an earlier, interrupted conversion had made.</param>
/// <param name="Bad">Images left out because they cannot be decoded.</param>
/// <param name="TooSmall">Images left out because they are smaller than the wide crop needs.</param>
/// <param name="Labels">Whether the images have labels.</param>
/// <param name="Bytes">The file's length.</param>
/// <param name="Elapsed">Wall time.</param>
public sealed record ConversionResult(
    ImageSize Size, int Images, int AlreadyThere, IReadOnlyList<BadImage> Bad, int TooSmall, bool Labels, long Bytes, TimeSpan Elapsed)
{
    /// <summary>Images converted a second, those left out included.</summary>
    public double ImagesPerSecond => (Images - AlreadyThere + Bad.Count + TooSmall) / Math.Max(Elapsed.TotalSeconds, 1e-9);
}
