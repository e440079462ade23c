using Atelier.Training.Imaging;

namespace Atelier.Training.Data.Survey;

/// <summary>Looks at every image of a dataset, whatever is wrong with some of them, and says what is there.</summary>
public static class DatasetSurvey
{
    /// <summary>Reads and decodes all images.</summary>
    /// <param name="source">The images.</param>
    /// <param name="jobs">Threads.</param>
    /// <param name="progress">Told the number of images looked at, from any thread.</param>
    /// <param name="cancellation">Stops.</param>
    public static DatasetReport Run(
        ImageSource source, int jobs, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        var (labels, problem) = Labels(source);
        var facts = new ImageFacts[source.ImageNames.Count];
        var done = 0;
        Parallel.For(0, facts.Length, new ParallelOptions { MaxDegreeOfParallelism = jobs, CancellationToken = cancellation }, i =>
        {
            facts[i] = ImageFacts.Of(source, i);
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
