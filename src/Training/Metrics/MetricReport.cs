using System.Text.Json.Nodes;
using Atelier.Core.Metrics;

namespace Atelier.Training.Metrics;

/// <summary>The values of a metric, and how they came about.</summary>
/// <param name="Metric">Which one.</param>
/// <param name="Values">In the order of <see cref="Metric.Results"/>.</param>
/// <param name="Took">How long it took.</param>
/// <param name="Samples">Generated samples.</param>
/// <param name="RealImages">Real images compared with; 0 for none.</param>
/// <param name="Seed">Seed of the samples.</param>
/// <param name="Notes">What a reader should know.</param>
public sealed record MetricReport(
    Metric Metric, IReadOnlyList<double> Values, TimeSpan Took, int Samples, int RealImages, ulong Seed, IReadOnlyList<string> Notes)
{
    /// <summary>The value that decides which snapshot is best.</summary>
    public double Value => Values[0];

    /// <summary>The line of <c>metric-NAME.jsonl</c>, with the published fields first.</summary>
    /// <param name="snapshot">The network's path, relative to the run's folder where there is one; null for none.</param>
    /// <param name="now">The time.</param>
    public JsonObject ToJson(string? snapshot, DateTimeOffset now) => new()
    {
        ["results"] = new JsonObject(Metric.Results.Zip(Values).Select(pair => KeyValuePair.Create(pair.First, (JsonNode?)pair.Second))),
        ["metric"] = Metric.Name,
        ["total_time"] = Math.Round(Took.TotalSeconds, 3),
        ["total_time_str"] = TimeText(Took),
        ["num_gpus"] = 1,
        ["snapshot_pkl"] = snapshot,
        ["timestamp"] = Math.Round(now.ToUnixTimeMilliseconds() / 1000.0, 3),
        ["num_samples"] = Samples,
        ["num_real"] = RealImages,
        ["seed"] = Seed,
    };

    // As the published logs have it: 37s, 2m 05s, 1h 02m 03s, 1d 04h 10m.
    private static string TimeText(TimeSpan time) => time switch
    {
        { TotalMinutes: < 1 } => $"{(int)time.TotalSeconds}s",
        { TotalHours: < 1 } => $"{time.Minutes}m {time.Seconds:00}s",
        { TotalDays: < 1 } => $"{time.Hours}h {time.Minutes:00}m {time.Seconds:00}s",
        _ => $"{(int)time.TotalDays}d {time.Hours:00}h {time.Minutes:00}m",
    };
}
