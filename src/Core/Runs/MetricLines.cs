using System.Text.Json;

namespace Atelier.Core.Runs;

/// <summary>A value of a metric of a run.</summary>
/// <param name="Kimg">Of the snapshot that was measured.</param>
/// <param name="Value">The first of the metric's results.</param>
/// <param name="Snapshot">The snapshot's name; empty where the line has none.</param>
public sealed record MetricPoint(double Kimg, double Value, string Snapshot);

/// <summary>Reads the lines of <c>metric-NAME.jsonl</c>, in the published trainers' format.</summary>
public static class MetricLines
{
    /// <summary>
    /// The values along the run, rising in kimg. Where the run went back and on along another branch, the values that the former one had from
    /// that point on are left out, and so is a former value of a snapshot that was measured again.
    /// </summary>
    /// <param name="lines">Oldest first; a line that is cut off, or has no image count or no number, is left out.</param>
    public static IReadOnlyList<MetricPoint> Read(IEnumerable<string> lines)
    {
        ArgumentNullException.ThrowIfNull(lines);
        var points = new List<MetricPoint>();
        foreach (var point in lines.Select(Parse).OfType<MetricPoint>())
        {
            points.RemoveAll(known => known.Kimg >= point.Kimg);
            points.Add(point);
        }

        return points;
    }

    private static MetricPoint? Parse(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("kimg", out var kimg) || kimg.ValueKind != JsonValueKind.Number) return null;
            if (!root.TryGetProperty("results", out var results) || results.ValueKind != JsonValueKind.Object || results.EnumerateObject().FirstOrDefault().Value is not { ValueKind: JsonValueKind.Number } value) return null;
            var path = root.TryGetProperty("snapshot_pkl", out var snapshot) && snapshot.ValueKind == JsonValueKind.String ? snapshot.GetString()!.TrimEnd('/') : "";
            return new(kimg.GetDouble(), value.GetDouble(), path[(path.LastIndexOf('/') + 1)..]);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>Reads the lines of <c>stats.jsonl</c>, a tick each, in the published trainers' format.</summary>
public static class TickLines
{
    /// <summary>The mean of a value of a tick; null where the line has none.</summary>
    public static double? Mean(JsonElement tick, string name) =>
        tick.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object && value.TryGetProperty("mean", out var mean) && mean.ValueKind == JsonValueKind.Number ? mean.GetDouble() : null;
}
