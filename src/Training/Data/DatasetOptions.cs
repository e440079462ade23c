using Atelier.Training.Imaging;

namespace Atelier.Training.Data;

/// <summary>How a dataset is read.</summary>
public sealed record DatasetOptions
{
    /// <summary>The size that the run's networks have; null takes the first image's.</summary>
    public ImageSize? Resolution { get; init; }

    /// <summary>Crop every image at its centre to this aspect and resize it to this size; null demands one size.</summary>
    public ImageSize? Resize { get; init; }

    /// <summary>The colour under transparent pixels.</summary>
    public RgbColor Background { get; init; } = RgbColor.White;

    /// <summary>What to do about images that cannot be decoded.</summary>
    public BadImagePolicy BadImages { get; init; } = BadImagePolicy.Fail;

    /// <summary>Whether labels are used.</summary>
    public LabelUse Labels { get; init; } = LabelUse.IfPresent;

    /// <summary>Memory for decoded images; those beyond it are decoded each time they are shown.</summary>
    public long CacheBytes { get; init; } = 1L << 30;

    /// <summary>Threads that check (and decode) the images when the dataset is opened.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;
}
