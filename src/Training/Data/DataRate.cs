using Atelier.Training.Imaging;

namespace Atelier.Training.Data;

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
