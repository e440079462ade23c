using System.Globalization;
using System.Text;
using Atelier.Core;

namespace Atelier.Worker.Runs;

/// <summary>Who is told how a run goes: a terminal, a log, a test.</summary>
public interface IRunDisplay
{
    /// <summary>The run is about to train; its folder is there.</summary>
    void Begin(RunBanner banner)
    {
        // Whoever shows lines alone needs no heading.
    }

    /// <summary>Something worth a line of its own.</summary>
    void Say(string line);

    /// <summary>An iteration ended.</summary>
    void Progress(RunProgress progress);

    /// <summary>A minute has passed without a tick.</summary>
    void Interim(RunProgress progress)
    {
        // Whoever shows every iteration has shown this one.
    }

    /// <summary>A tick ended.</summary>
    void Tick(TickLine tick);
}

/// <summary>What a tick says.</summary>
/// <param name="Text">The published trainers' line, with losses and remaining time.</param>
/// <param name="Json">The line of <c>stats.jsonl</c>.</param>
public sealed record TickLine(string Text, string Json)
{
    private const string Eta = " ETA ";

    /// <summary>The line of a run that may end before its last image.</summary>
    /// <param name="limit">Time that is left at most; null for as long as it takes.</param>
    /// <param name="progress">Where the run is, and its own remaining time.</param>
    public TickLine Within(TimeSpan? limit, RunProgress progress)
    {
        ArgumentNullException.ThrowIfNull(progress);
        int at = Text.LastIndexOf(Eta, StringComparison.Ordinal);
        return limit is null || progress.Within(limit) == progress ? this : this with { Text = $"{(at < 0 ? Text : Text[..at])}{Eta}{TickReport.Format(limit.Value)}" };
    }
}

/// <summary>Where a run is.</summary>
/// <param name="Now">Images shown.</param>
/// <param name="Total">Images to show.</param>
/// <param name="ImagesPerSecond">Of training alone; 0 before it is known.</param>
/// <param name="Remaining">Estimated time to the end, evaluations included.</param>
/// <param name="GeneratorLoss">Mean since the last tick, as it was some tenths of a second ago at most.</param>
/// <param name="DiscriminatorLoss">Likewise.</param>
public sealed record RunProgress(
    ImageCount Now, ImageCount Total, double ImagesPerSecond, TimeSpan? Remaining, double? GeneratorLoss, double? DiscriminatorLoss)
{
    /// <summary>The newest value of the first metric; null for none.</summary>
    public MetricValue? Metric { get; init; }

    /// <summary>The progress of a run that may end before its last image.</summary>
    /// <param name="limit">Time that is left at most; null for as long as it takes.</param>
    public RunProgress Within(TimeSpan? limit) => limit is { } left && (Remaining is not { } whole || left < whole) ? this with { Remaining = left } : this;

    /// <summary>The parts of a progress line, those first that are kept where it is narrow.</summary>
    public IEnumerable<string> Parts()
    {
        yield return string.Create(CultureInfo.InvariantCulture, $"{Percent(Now, Total)}%");
        yield return string.Create(CultureInfo.InvariantCulture, $"kimg {Now.Kimg:0.00}/{Total.Kimg:0.##}");
        // Nothing is said of a speed that is not known yet.
        if (ImagesPerSecond > 0)
            yield return string.Create(CultureInfo.InvariantCulture, $"{Rate(ImagesPerSecond)} img/s");
        if (Remaining is { } left)
            yield return $"ETA {TickReport.Format(left)}";
        if (Losses() is { } losses)
            yield return losses;
        if (Metric is { } metric)
            yield return string.Create(CultureInfo.InvariantCulture, $"{metric.Name} {metric.Value:0.###}");
    }

    /// <summary>The progress line.</summary>
    /// <param name="width">Columns that it may take; parts that do not fit are left out.</param>
    public string ToLine(int width = int.MaxValue)
    {
        var line = new StringBuilder();
        foreach (string part in Parts())
        {
            if (line.Length + part.Length + 2 > width && line.Length > 0)
                break;
            line.Append(line.Length > 0 ? "  " : "").Append(part);
        }
        return line.Length <= width ? line.ToString() : line.ToString(0, Math.Max(0, width));
    }

    /// <summary>What a tick's line has besides the published fields: losses, and the time that is left.</summary>
    public string Tail()
    {
        string tail = Losses() is { } losses ? $" loss {losses}" : "";
        return Remaining is { } left ? $"{tail} ETA {TickReport.Format(left)}" : tail;
    }

    /// <summary>How far a run is: rounded down, so that 100 is the end.</summary>
    public static string Percent(ImageCount now, ImageCount total) =>
        (Math.Floor(1000.0 * now.Images / Math.Max(1, total.Images)) / 10).ToString("0.0", CultureInfo.InvariantCulture);

    /// <summary>Images per second, with the decimals that a slow run needs.</summary>
    public static string Rate(double imagesPerSecond) =>
        imagesPerSecond.ToString(imagesPerSecond >= 10 ? "0.0" : imagesPerSecond >= 1 ? "0.00" : "0.000", CultureInfo.InvariantCulture);

    private string? Losses() => this is { GeneratorLoss: { } g, DiscriminatorLoss: { } d } ? string.Create(CultureInfo.InvariantCulture, $"G {g:0.00} D {d:0.00}") : null;
}
