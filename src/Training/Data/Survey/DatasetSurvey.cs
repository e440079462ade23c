using System.Security.Cryptography;
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

    /// <summary>What is strange about the labels, although they can be used; null if nothing is.</summary>
    public required string? LabelWarning { get; init; }

    /// <summary>Files beside the images that are left out.</summary>
    public required IgnoredFiles Ignored { get; init; }

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

/// <summary>What one image turned out to be.</summary>
internal sealed record ImageFacts
{
    /// <summary>Why it cannot be used, in one line; null if it can.</summary>
    public string? Reason { get; private init; }

    /// <summary>Its size in pixels.</summary>
    public ImageSize Size { get; private init; }

    /// <summary>Channels that its file stores.</summary>
    public int Channels { get; private init; }

    /// <summary>Length of its file.</summary>
    public long Bytes { get; private init; }

    /// <summary>Hash of its file.</summary>
    public byte[] Sha256 { get; private init; } = [];

    /// <summary>[R, G, B]: sums of all pixels.</summary>
    public long[] Sums { get; private init; } = [];

    /// <summary>[R, G, B]: sums of their squares.</summary>
    public long[] Squares { get; private init; } = [];

    /// <summary>Reads and decodes an image of a source.</summary>
    /// <param name="source">The source.</param>
    /// <param name="index">Which.</param>
    /// <param name="mostPixels">The most pixels that it may have.</param>
    public static ImageFacts Of(ImageSource source, int index, long mostPixels)
    {
        try
        {
            var file = source.Read(index);
            var image = ImageCodec.Decode(file, RgbColor.White, mostPixels: mostPixels);
            var (sums, squares) = (new long[3], new long[3]);
            var plane = image.Width * image.Height;
            for (var c = 0; c < 3; c++)
                (sums[c], squares[c]) = Sum(image.Planes.AsSpan(c * plane, plane));
            return new ImageFacts
            {
                Size = image.Size, Channels = ImageCodec.ChannelsOf(file), Bytes = file.Length, Sha256 = SHA256.HashData(file), Sums = sums, Squares = squares,
            };
        }
        catch (Exception e) when (e is ImageFormatException or InvalidDataException or UnauthorizedAccessException or IOException)
        {
            return new ImageFacts { Reason = e.Message };
        }
    }

    // Whole numbers: the sum is the same in any order.
    private static (long Sum, long Squares) Sum(ReadOnlySpan<byte> plane)
    {
        long sum = 0, squares = 0;
        foreach (var value in plane)
        {
            sum += value;
            squares += value * value;
        }

        return (sum, squares);
    }
}

/// <summary>Looks at every image of a dataset, whatever is wrong with some of them, and says what is there.</summary>
public static class DatasetSurvey
{
    /// <summary>Reads and decodes all images.</summary>
    /// <param name="source">The images.</param>
    /// <param name="jobs">Threads.</param>
    /// <param name="mostPixels">The most pixels that an image may have.</param>
    /// <param name="progress">Told the number of images looked at, from any thread.</param>
    /// <param name="cancellation">Stops.</param>
    public static DatasetReport Run(
        ImageSource source, int jobs, long mostPixels = ImageCodec.DefaultMostPixels, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        var (labels, problem) = Labels(source);
        var facts = new ImageFacts[source.ImageNames.Count];
        var done = 0;
        Parallel.For(0, facts.Length, new ParallelOptions { MaxDegreeOfParallelism = jobs, CancellationToken = cancellation }, i =>
        {
            facts[i] = ImageFacts.Of(source, i, mostPixels);
            progress?.Report(Interlocked.Increment(ref done));
        });
        var usable = Enumerable.Range(0, facts.Length).Where(i => facts[i].Reason is null).ToArray();
        // At least one, so that an empty dataset has a mean of 0.
        var pixels = Math.Max(1, usable.Sum(i => (long)facts[i].Size.Width * facts[i].Size.Height));
        var mean = Channels(c => usable.Aggregate(0.0, (sum, i) => sum + facts[i].Sums[c]) / pixels);
        return new DatasetReport
        {
            Name = source.Name,
            Images = usable.Length,
            Bad = [.. Enumerable.Range(0, facts.Length).Where(i => facts[i].Reason is not null).Select(i => new BadImage(source.ImageNames[i], facts[i].Reason!))],
            Sizes = Count(usable.Select(i => facts[i].Size)),
            Channels = Count(usable.Select(i => facts[i].Channels)),
            LabelDimension = labels.Dimension,
            ImagesPerClass = PerClass(labels, usable),
            LabelProblem = problem,
            LabelWarning = labels.Gaps(),
            Ignored = source.Ignored,
            Duplicates = Duplicates(source, facts, usable),
            Bytes = usable.Sum(i => facts[i].Bytes),
            Mean = mean,
            StandardDeviation = Channels(c => Math.Sqrt(Math.Max(0, (usable.Aggregate(0.0, (sum, i) => sum + facts[i].Squares[c]) / pixels) - (mean[c] * mean[c])))),
            Sha256 = Digest(source, facts, usable),
        };
    }

    private static (LabelTable Labels, string? Problem) Labels(ImageSource source)
    {
        try
        {
            return (LabelTable.Read(source, LabelUse.IfPresent), null);
        }
        catch (DatasetException e)
        {
            return (LabelTable.None, e.Message);
        }
    }

    private static double[] Channels(Func<int, double> value) => [value(0), value(1), value(2)];

    private static List<(T Value, int Images)> Count<T>(IEnumerable<T> values)
        where T : notnull =>
        [.. values.GroupBy(v => v).Select(g => (g.Key, g.Count())).OrderByDescending(pair => pair.Item2).ThenBy(pair => pair.Key.ToString(), StringComparer.Ordinal)];

    private static int[]? PerClass(LabelTable labels, int[] usable)
    {
        if (usable.Length == 0 || labels.Dimension == 0 || labels.ClassOf(usable[0]) is null)
            return null;
        var counts = new int[labels.Dimension];
        foreach (var i in usable)
            counts[labels.ClassOf(i)!.Value]++;
        return counts;
    }

    private static List<(string Name, string EqualTo)> Duplicates(ImageSource source, ImageFacts[] facts, int[] usable)
    {
        var first = new Dictionary<string, int>(usable.Length, StringComparer.Ordinal);
        var duplicates = new List<(string Name, string EqualTo)>();
        foreach (var i in usable)
        {
            if (!first.TryAdd(Convert.ToHexString(facts[i].Sha256), i))
                duplicates.Add((source.ImageNames[i], source.ImageNames[first[Convert.ToHexString(facts[i].Sha256)]]));
        }

        return duplicates;
    }

    private static string Digest(ImageSource source, ImageFacts[] facts, int[] usable)
    {
        using var digest = new DatasetDigest();
        foreach (var i in usable)
            digest.Add(source.ImageNames[i], facts[i].Bytes, facts[i].Sha256, []);
        return digest.Finish();
    }
}
