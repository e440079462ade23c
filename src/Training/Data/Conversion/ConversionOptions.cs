using Atelier.Training.Imaging;

namespace Atelier.Training.Data.Conversion;

/// <summary>How a dataset is converted.</summary>
public sealed record ConversionOptions
{
    /// <summary>The size of the results; null keeps the images', which must then be one size.</summary>
    public ImageSize? Resolution { get; init; }

    /// <summary>What part of an image is kept.</summary>
    public CropMode Crop { get; init; }

    /// <summary>The filter of resizing.</summary>
    public ResampleFilter Filter { get; init; }

    /// <summary>Only so many images from the beginning of the source; null for all.</summary>
    public int? MostImages { get; init; }

    /// <summary>The most pixels (width × height) that an image may have.</summary>
    public long MostPixels { get; init; } = ImageCodec.DefaultMostPixels;

    /// <summary>The colour under transparent pixels.</summary>
    public RgbColor Background { get; init; } = RgbColor.White;

    /// <summary>What to do about images that cannot be decoded.</summary>
    public BadImagePolicy BadImages { get; init; }

    /// <summary>Whether labels are taken over.</summary>
    public LabelUse Labels { get; init; }

    /// <summary>Whether a file of the output's name is replaced.</summary>
    public bool Replace { get; init; }

    /// <summary>Images converted at once; the result has the same bytes for any number.</summary>
    public int Jobs { get; init; } = Environment.ProcessorCount;

    /// <summary>What the bytes of the result depend on, as a text.</summary>
    internal string Stamp() => $"{Resolution} {Crop} {Filter} {MostImages} {MostPixels} {Background} {BadImages} {Labels}";

    /// <summary>Throws where options do not go together.</summary>
    /// <exception cref="DatasetException">They do not.</exception>
    internal void Require()
    {
        if (Crop != CropMode.None && Resolution is null)
            throw new DatasetException(DatasetProblem.UnusableSize, $"--crop needs an output size: add --resolution WxH");
        if (Crop == CropMode.CenterCropWide && Resolution is { } wide && wide.Height > wide.Width)
            throw new DatasetException(DatasetProblem.UnusableSize, $"--crop center-crop-wide makes wide pictures, but --resolution {wide} is taller than wide");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Jobs);
    }
}

/// <summary>What part of an image is kept, by the published tool's names.</summary>
public enum CropMode
{
    /// <summary>All of it, stretched to the resolution.</summary>
    None,

    /// <summary>The largest box of the resolution's aspect in its middle.</summary>
    CenterCrop,

    /// <summary>
    /// Rows in its middle, resized to the resolution and put on a black square of the resolution's width: LSUN Car at
    /// 512x384. Images narrower or flatter than that are left out.
    /// </summary>
    CenterCropWide,
}

/// <summary>How far a conversion is.</summary>
/// <param name="Done">Images that are dealt with, in the order of the source.</param>
/// <param name="Total">Images in all.</param>
/// <param name="Elapsed">Wall time.</param>
/// <param name="AlreadyThere">Images that an earlier conversion had made.</param>
public sealed record ConversionProgress(int Done, int Total, TimeSpan Elapsed, int AlreadyThere)
{
    /// <summary>Images a second, those that were there before not counted.</summary>
    public double ImagesPerSecond => Math.Max(0, Done - AlreadyThere) / Math.Max(Elapsed.TotalSeconds, 1e-9);

    /// <summary>Time to the end at this rate; null while there is no rate.</summary>
    public TimeSpan? Remaining => Done > AlreadyThere ? TimeSpan.FromSeconds((Total - Done) / ImagesPerSecond) : null;
}

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
