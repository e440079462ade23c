using Atelier.Training.Imaging;

namespace Atelier.Training.Data.Survey;

/// <summary>Pictures from all over a dataset on one sheet, to see what is in it.</summary>
public static class SamplePicture
{
    private const int Most = 64;
    private const int Columns = 8;
    private const int LargestCell = 128;
    private const int SmallestCell = 64;

    /// <summary>Draws 64 usable images, evenly spaced in the order of names (all of them where there are fewer).</summary>
    /// <param name="source">The images.</param>
    /// <param name="bad">Those that cannot be decoded.</param>
    /// <returns>Null if there is no usable image.</returns>
    public static RgbImage? Draw(ImageSource source, IReadOnlyList<BadImage> bad)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(bad);
        var unusable = bad.Select(b => b.Name).ToHashSet(StringComparer.Ordinal);
        var usable = Enumerable.Range(0, source.ImageNames.Count).Where(i => !unusable.Contains(source.ImageNames[i])).ToArray();
        if (usable.Length == 0)
            return null;
        var count = Math.Min(Most, usable.Length);
        var images = Enumerable.Range(0, count)
            .Select(i => ImageCodec.Decode(source.Read(usable[(int)((long)i * usable.Length / count)]), RgbColor.White, mostPixels: ImageCodec.LargestMostPixels))
            .ToArray();
        return ImageGrid.Compose(Even(images), Math.Min(Columns, count));
    }

    // Small images of one size are shown pixel by pixel, enlarged; others are cropped and resized to one cell.
    private static RgbImage[] Even(RgbImage[] images)
    {
        var size = images[0].Size;
        var side = Math.Max(size.Width, size.Height);
        if (side <= LargestCell && images.All(i => i.Size == size))
            return Array.ConvertAll(images, i => i.Zoom(Math.Max(1, SmallestCell / side)));
        var cell = new Resampler(ImageSize.Square(LargestCell), ResampleFilter.Lanczos);
        return Array.ConvertAll(images, i => cell.Resize(i, ImageBox.Centred(i.Size, cell.Target)));
    }
}
