using Atelier.Core;
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

    /// <summary>The most pixels (width × height) that an image may have before it is resized.</summary>
    public long MostPixels { get; init; } = ImageCodec.DefaultMostPixels;

    /// <summary>Threads that check (and decode) the images when the dataset is opened.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;
}

/// <summary>Whether a dataset's labels condition the networks.</summary>
public enum LabelUse
{
    /// <summary>Labels are used where the dataset has them.</summary>
    IfPresent,

    /// <summary>Labels are used; a dataset without them is an error.</summary>
    Require,

    /// <summary>Labels are not read.</summary>
    Ignore,
}

/// <summary>What to do about an image that cannot be decoded.</summary>
public enum BadImagePolicy
{
    /// <summary>Stop, naming the first one.</summary>
    Fail,

    /// <summary>Leave them out and record them.</summary>
    Skip,
}

/// <summary>An image that was left out of a dataset.</summary>
/// <param name="Name">Its path inside the dataset.</param>
/// <param name="Reason">Why it cannot be used, in one line.</param>
public sealed record BadImage(string Name, string Reason);

/// <summary>A dataset that cannot be trained on as asked; the message names the file and says what to change.</summary>
public sealed class DatasetException : UserErrorException
{
    /// <summary>Creates an error without a message.</summary>
    public DatasetException()
    {
    }

    /// <summary>Creates an error with a message.</summary>
    public DatasetException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an error with a message and its cause.</summary>
    public DatasetException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>Creates an error of a kind.</summary>
    public DatasetException(DatasetProblem problem, string message, Exception? inner = null)
        : base(message, inner!) => Problem = problem;

    /// <summary>What is wrong.</summary>
    public DatasetProblem Problem { get; }
}

/// <summary>What is wrong with a dataset.</summary>
public enum DatasetProblem
{
    /// <summary>No such folder or file, or it may not be read.</summary>
    NotFound,

    /// <summary>A zip file that is cut short or otherwise damaged.</summary>
    DamagedArchive,

    /// <summary>There is no image, or no usable one.</summary>
    Empty,

    /// <summary>An image cannot be read.</summary>
    BadImage,

    /// <summary>Images of different sizes, or of another size than the run's.</summary>
    MixedSizes,

    /// <summary>A size that the networks cannot have.</summary>
    UnusableSize,

    /// <summary><c>dataset.json</c> is malformed or does not match the images.</summary>
    Labels,
}
