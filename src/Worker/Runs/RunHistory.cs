using System.Text;
using System.Text.Json;
using Atelier.Core;
using Atelier.Core.Runs;

namespace Atelier.Worker.Runs;

/// <summary>What the lines in a run's folder say of what came before.</summary>
public static class RunHistory
{
    /// <summary>The lines of a file that are whole; none where there is no file. A run that was killed may have left half a line.</summary>
    public static IEnumerable<JsonElement> Lines(string path)
    {
        foreach (string line in TextLines(path))
        {
            if (Parse(line) is { } json)
                yield return json;
        }
    }

    /// <summary>
    /// Takes the ticks that lie behind an image count out of <c>stats.jsonl</c>: the run goes on from there and computes them again.
    /// </summary>
    /// <param name="notes">Writes the file, if anything is to be taken out.</param>
    /// <param name="at">What the run goes on from.</param>
    /// <returns>The number of the next tick.</returns>
    public static int Rewind(RunFolder folder, RunFiles notes, ImageCount at)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(notes);
        if (!File.Exists(folder.Stats))
            return 0;
        var kept = new StringBuilder();
        bool isShorter = false;
        int next = 0;
        foreach (string line in File.ReadLines(folder.Stats))
        {
            if (Parse(line) is not { } tick || TickLines.Mean(tick, "Progress/kimg") is not { } kimg || ImageCount.FromKimg(kimg) > at)
            {
                isShorter = true;
                continue;
            }
            kept.Append(line).Append('\n');
            next = (int)(TickLines.Mean(tick, "Progress/tick") ?? next) + 1;
        }
        if (isShorter)
            notes.Write(folder.Stats, Encoding.UTF8.GetBytes(kept.ToString()));
        return next;
    }

    /// <summary>The newest value of a metric, and where it was measured; null for none.</summary>
    /// <param name="metric">The metric; null for none.</param>
    public static MetricValue? LatestMetric(RunFolder folder, string? metric)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return metric is not null && Values(folder.Metric(metric)) is [.., var last] ? new MetricValue(metric, last.Value) : null;
    }

    /// <summary>How long the newest values took to measure, all metrics of a snapshot together; zero where there are none.</summary>
    public static TimeSpan MeasuringTime(RunFolder folder, IEnumerable<string> metrics)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return TimeSpan.FromSeconds(metrics
            .Select(metric => Lines(folder.Metric(metric)).LastOrDefault())
            .Sum(line => line.ValueKind == JsonValueKind.Object && line.TryGetProperty("total_time", out var time) && time.TryGetDouble(out double seconds) ? seconds : 0));
    }

    /// <summary>A metric's values along the run, as <see cref="MetricLines"/> reads them; empty where there is no file.</summary>
    /// <param name="file">The metric's file.</param>
    public static IReadOnlyList<MetricPoint> Values(string file) => MetricLines.Read(TextLines(file));

    private static IEnumerable<string> TextLines(string path)
    {
        if (!File.Exists(path))
            yield break;
        // Others may be writing to it.
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        while (reader.ReadLine() is { } line)
            yield return line;
    }

    private static JsonElement? Parse(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.ValueKind == JsonValueKind.Object ? json.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A value of a metric, for people.</summary>
/// <param name="Name">The metric.</param>
/// <param name="Value">Its value.</param>
public sealed record MetricValue(string Name, double Value);
