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
    internal string Stamp() => $"{Resolution} {Crop} {Filter} {MostImages} {Background} {BadImages} {Labels}";

    /// <summary>Throws where options do not go together.</summary>
    /// <exception cref="DatasetException">They do not.</exception>
    internal void Require()
    {
        if (Crop != CropMode.None && Resolution is null)
            throw new DatasetException(DatasetProblem.UnusableSize, $"a crop needs the size of the results: pass --resolution WxH too");
        if (Crop == CropMode.CenterCropWide && Resolution is { } wide && wide.Height > wide.Width)
            throw new DatasetException(DatasetProblem.UnusableSize, $"--crop center-crop-wide makes wide pictures, and --resolution {wide} is higher than wide");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Jobs);
    }
}
