using System.Globalization;

namespace Atelier.Core.Runs;

/// <summary>Names of the files in a run's folder that more than one process reads or writes; the rest are named where they are written.</summary>
public static class RunFileNames
{
    /// <summary>One line per tick.</summary>
    public const string Stats = "stats.jsonl";

    /// <summary>One line per event.</summary>
    public const string Events = "events.jsonl";

    /// <summary>The folder of sample grids.</summary>
    public const string Samples = "samples";

    /// <summary>The sample grid before training.</summary>
    public const string InitialFakes = "fakes_init.png";

    /// <summary>A grid of real images.</summary>
    public const string Reals = "reals.png";

    /// <summary>Where a store without folders keeps the values of metrics, in parts.</summary>
    public const string Metrics = "metrics";

    private const string FakesPrefix = "fakes";
    private const string MetricPrefix = "metric-", MetricSuffix = ".jsonl";

    /// <summary>The sample grid at an image count, relative to the run's folder: <c>samples/fakes000200.000.png</c>. The names sort as the counts do.</summary>
    public static string Fakes(ImageCount at)
    {
        var (kimg, rest) = Math.DivRem(at.Images, 1000);
        return string.Create(CultureInfo.InvariantCulture, $"{Samples}/{FakesPrefix}{kimg:000000}.{rest:000}.png");
    }

    /// <summary>The image count of a sample grid; null for a file that is none. Grids of earlier versions lie in the run's folder itself, with or without decimals.</summary>
    /// <param name="file">Its name, with or without folders.</param>
    public static ImageCount? ImagesOfFakes(string file)
    {
        ArgumentNullException.ThrowIfNull(file);
        string name = file[(file.LastIndexOf('/') + 1)..];
        return name.StartsWith(FakesPrefix, StringComparison.Ordinal) && name.EndsWith(".png", StringComparison.Ordinal)
            && double.TryParse(name[FakesPrefix.Length..^4], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double kimg) ? ImageCount.FromKimg(kimg) : null;
    }

    /// <summary>
    /// Where a store without folders keeps a file that grows: each part is an object whose name begins so, and the names sort as the parts do.
    /// <c>events.jsonl</c> becomes <c>events/…</c>, <c>metric-fid50k_full.jsonl</c> becomes <c>metrics/fid50k_full/…</c>.
    /// </summary>
    /// <param name="file">The file's name, which ends with <c>.jsonl</c>.</param>
    public static string PartsOf(string file) => MetricOf(file) is { } metric ? $"{Metrics}/{metric}/" : $"{file[..^MetricSuffix.Length]}/";

    /// <summary>Where a store without folders keeps a picture, all of which are in one place there.</summary>
    /// <param name="name">Of its file, with or without folders.</param>
    public static string StoredPicture(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return $"{Samples}/{name[(name.LastIndexOf('/') + 1)..]}";
    }

    /// <summary>The values of a metric: <c>metric-fid50k_full.jsonl</c>.</summary>
    public static string Metric(string name) => $"{MetricPrefix}{name}{MetricSuffix}";

    /// <summary>The metric whose values a file has; null for another file.</summary>
    public static string? MetricOf(string file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return file.StartsWith(MetricPrefix, StringComparison.Ordinal) && file.EndsWith(MetricSuffix, StringComparison.Ordinal) && file.Length > MetricPrefix.Length + MetricSuffix.Length
            ? file[MetricPrefix.Length..^MetricSuffix.Length] : null;
    }
}
