namespace Atelier.Training.Data;

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

    /// <summary>A font that the dataset is drawn with is not installed.</summary>
    MissingFont,
}
