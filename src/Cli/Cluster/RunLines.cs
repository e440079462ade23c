using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Protos;

namespace Atelier.Cli.Cluster;

/// <summary>Runs of a coordinator, for people and scripts.</summary>
internal static class RunLines
{
    /// <summary>A line a run, below a heading.</summary>
    public static IEnumerable<string> Table(IReadOnlyList<Run> runs)
    {
        int width = Math.Max(3, runs.Max(run => run.Run_.Length));
        yield return $"{"run".PadRight(width)}  {"status",-9}  {"workers",7}  {"kimg",10}  {"img/s",8}  {"priority",8}  why";
        foreach (var run in runs)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{run.Run_.PadRight(width)}  {Status(run),-9}  {run.Workers.Count,7}  {run.Images / 1000.0,10:0.0##}  {run.ImagesPerSecond,8:0.0}  {run.Priority,8}  {run.Reason}");
        }
    }

    /// <summary>A run in a sentence.</summary>
    public static string Sentence(Run run) => string.Create(
        CultureInfo.InvariantCulture,
        $"{run.Run_} is {Status(run)} at {run.Images / 1000.0:0.0##} kimg{(run.Workers.Count > 0 ? $" on {string.Join(", ", run.Workers)}" : "")}{(run.Reason.Length > 0 ? $" ({run.Reason})" : "")}{string.Concat(run.Evaluations.Select(Measuring))}");

    /// <summary>A run as JSON.</summary>
    public static JsonObject ToJson(Run run) => new()
    {
        ["run"] = run.Run_,
        ["status"] = Status(run),
        ["reason"] = run.Reason,
        ["workers"] = new JsonArray([.. run.Workers.Select(worker => JsonValue.Create(worker))]),
        ["generation"] = run.Generation,
        ["iteration"] = run.Iteration,
        ["target_iteration"] = run.TargetIteration,
        ["kimg"] = run.Images / 1000.0,
        ["images_per_s"] = run.ImagesPerSecond,
        ["priority"] = run.Priority,
        ["min_workers"] = run.MinWorkers,
        ["max_workers"] = run.MaxWorkers,
        ["evaluations"] = new JsonArray([.. run.Evaluations.Select(evaluation => new JsonObject
        {
            ["metric"] = evaluation.Metric,
            ["snapshot"] = evaluation.Snapshot,
            ["samples_done"] = evaluation.SamplesDone,
            ["samples"] = evaluation.Samples,
        })]),
        ["snapshot_kimg"] = run.HasSnapshotImages ? run.SnapshotImages / 1000.0 : null,
    };

    /// <summary>A moment, by this machine's clock.</summary>
    public static string Clock(long unixMilliseconds) =>
        DateTimeOffset.FromUnixTimeMilliseconds(unixMilliseconds).ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    private static string Measuring(Evaluation evaluation) => string.Create(
        CultureInfo.InvariantCulture, $"; measures {evaluation.Metric} of {evaluation.Snapshot}, {100.0 * evaluation.SamplesDone / Math.Max(1, evaluation.Samples):0}%");

    private static string Status(Run run) => run.Status.ToString().ToLowerInvariant();
}
