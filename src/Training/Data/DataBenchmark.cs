using Atelier.Training.Imaging;

namespace Atelier.Training.Data;

/// <summary>Measures decoding, the only part of reading that costs: images from memory to planes, PNG and JPEG.</summary>
public static class DataBenchmark
{
    /// <summary>Decodes images of a source, encoded anew in each format, for a while.</summary>
    /// <param name="source">Where the images come from; at most 256 are used.</param>
    /// <param name="threads">Threads side by side.</param>
    /// <param name="duration">How long, per format.</param>
    /// <param name="size">Crop and resize to this size before encoding; null keeps the size of each.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="DatasetException">The source is empty.</exception>
    /// <exception cref="ImageFormatException">An image cannot be read.</exception>
    public static IReadOnlyList<DataRate> Run(
        ImageSource source, int threads, TimeSpan duration, ImageSize? size = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        var images = Enumerable.Range(0, Math.Min(256, source.ImageNames.Count))
            .Select(i => ImageCodec.Decode(source.Read(i), RgbColor.White, size))
            .ToArray();
        if (images.Length == 0)
            throw new DatasetException(DatasetProblem.Empty, $"{source.Name} holds no images to measure with.");
        return [.. new[] { ImageFormat.Png, ImageFormat.Jpeg }.Select(format => Measure(format, images, threads, duration, time ?? TimeProvider.System))];
    }

    private static DataRate Measure(ImageFormat format, RgbImage[] images, int threads, TimeSpan duration, TimeProvider time)
    {
        var encoded = Array.ConvertAll(images, i => ImageCodec.Encode(i, format));
        // Once without the clock: the first calls load libraries and compile.
        DecodeAll(encoded);
        long decoded = 0;
        var start = time.GetTimestamp();
        var workers = Enumerable.Range(0, threads).Select(_ => new Thread(() =>
        {
            do
            {
                DecodeAll(encoded);
                Interlocked.Add(ref decoded, encoded.Length);
            }
            while (time.GetElapsedTime(start) < duration);
        })).ToArray();
        Array.ForEach(workers, w => w.Start());
        Array.ForEach(workers, w => w.Join());
        return new DataRate(format, images[0].Size, threads, decoded, encoded.Average(e => e.Length), time.GetElapsedTime(start));
    }

    private static void DecodeAll(byte[][] encoded)
    {
        foreach (var image in encoded)
            ImageCodec.Decode(image, RgbColor.White);
    }
}

/// <summary>A result of <see cref="DataBenchmark"/>: how fast one format decodes.</summary>
/// <param name="Format">The file format.</param>
/// <param name="Size">The size of the images.</param>
/// <param name="Threads">Threads that decoded side by side.</param>
/// <param name="Images">Images decoded in all.</param>
/// <param name="MeanFileBytes">Encoded bytes per image.</param>
/// <param name="Elapsed">Wall time.</param>
public sealed record DataRate(
    ImageFormat Format, ImageSize Size, int Threads, long Images, double MeanFileBytes, TimeSpan Elapsed)
{
    /// <summary>Decoded images per second of all threads together.</summary>
    public double ImagesPerSecond => Images / Elapsed.TotalSeconds;

    /// <summary>Decoded images per second and thread.</summary>
    public double ImagesPerSecondPerThread => ImagesPerSecond / Threads;
}
