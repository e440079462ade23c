using Atelier.Training.Imaging;

namespace Atelier.Training.Data.Survey;

/// <summary>What <see cref="DatasetSurvey"/> found out about a dataset.</summary>
public sealed record DatasetReport
{
    /// <summary>What people call the dataset.</summary>
    public required string Name { get; init; }

    /// <summary>Images that can be decoded.</summary>
    public required int Images { get; init; }

    /// <summary>The others, in the order of their names.</summary>
    public required IReadOnlyList<BadImage> Bad { get; init; }

    /// <summary>How many images there are of each size, the most frequent first.</summary>
    public required IReadOnlyList<(ImageSize Size, int Images)> Sizes { get; init; }

    /// <summary>How many images store so many channels, the most frequent first.</summary>
    public required IReadOnlyList<(int Channels, int Images)> Channels { get; init; }

    /// <summary>Numbers in a label; 0 without labels.</summary>
    public required int LabelDimension { get; init; }

    /// <summary>[classes]: images of each; null without labels or where they are vectors.</summary>
    public required IReadOnlyList<int>? ImagesPerClass { get; init; }

    /// <summary>What is wrong with the labels; null if nothing is.</summary>
    public required string? LabelProblem { get; init; }

    /// <summary>Images whose file equals that of another one before it, byte by byte.</summary>
    public required IReadOnlyList<(string Name, string EqualTo)> Duplicates { get; init; }

    /// <summary>Length of all usable files together.</summary>
    public required long Bytes { get; init; }

    /// <summary>[R, G, B]: mean over all pixels, 0 to 255.</summary>
    public required IReadOnlyList<double> Mean { get; init; }

    /// <summary>[R, G, B]: standard deviation over all pixels.</summary>
    public required IReadOnlyList<double> StandardDeviation { get; init; }

    /// <summary>The hash by which a run without labels knows the usable images (<c>data-digest</c>).</summary>
    public required string Sha256 { get; init; }

    /// <summary>The one size of all images; null if they differ or there are none.</summary>
    public ImageSize? Size => Sizes.Count == 1 ? Sizes[0].Size : null;

    /// <summary>Whether every file is an image and the labels are in order.</summary>
    public bool IsSound => Images > 0 && Bad.Count == 0 && LabelProblem is null;

    /// <summary>Whether <c>train</c> takes the images as they are.</summary>
    public bool IsTrainable => IsSound && Size is { } size && NetworkSize.IsUsable(size);
}
