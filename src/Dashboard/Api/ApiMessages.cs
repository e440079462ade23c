using System.Text.Json;
using System.Text.Json.Serialization;
using Atelier.Core;
using Atelier.Core.Specs;
using Atelier.Protos;
using Microsoft.AspNetCore.Http;

namespace Atelier.Dashboard.Api;

/// <summary>JSON of <c>/api</c>: the names are those of <c>atelier ls -o json</c> and its kin.</summary>
internal static class ApiJson
{
    /// <summary>A command with a key that does not exist is a mistake, as on the command line.</summary>
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    public static string Text<T>(T value) => JsonSerializer.Serialize(value, Options);

    /// <summary>Reads what a request orders.</summary>
    /// <exception cref="UserErrorException">It is no JSON, or has a key that does not exist.</exception>
    public static async Task<T> OrderAsync<T>(HttpContext context)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync<T>(context.Request.Body, Options, context.RequestAborted) ?? throw new UserErrorException("expected an object, got null");
        }
        catch (JsonException mistake)
        {
            throw new UserErrorException($"the request cannot be read: {mistake.Message}", mistake);
        }
    }
}

/// <summary>A run.</summary>
internal sealed record RunJson(
    string Run, string Status, string Reason, IReadOnlyList<string> Workers, long Generation, long Iteration, long TargetIteration, double Kimg, double TargetKimg, double ImagesPerS, double? RemainingS,
    int Priority, int MinWorkers, int MaxWorkers, double? SnapshotKimg, MetricJson? Metric, IReadOnlyList<EvaluationJson> Evaluations)
{
    public static RunJson Of(Run run) => new(
        run.Run_, Pages.Show.Status(run), run.Reason, run.Workers, run.Generation, run.Iteration, run.TargetIteration, run.Images / 1000.0, run.TargetImages / 1000.0, run.ImagesPerSecond,
        run.HasRemainingSeconds ? Math.Round(run.RemainingSeconds, 1) : null, run.Priority, run.MinWorkers, run.MaxWorkers, run.HasSnapshotImages ? run.SnapshotImages / 1000.0 : null,
        run.HasMetric && Pages.Show.MetricName(run) is { } metric ? new(metric, run.Metric) : null,
        [.. run.Evaluations.Select(one => new EvaluationJson(one.Metric, one.Snapshot, one.SamplesDone, one.Samples))]);
}

/// <summary>The newest value of the metric by which a run's snapshots are judged.</summary>
internal sealed record MetricJson(string Name, double Value);

/// <summary>A metric that is being measured.</summary>
internal sealed record EvaluationJson(string Metric, string Snapshot, int SamplesDone, int Samples);

/// <summary>Everything about a run but its curves and events.</summary>
internal sealed record DescriptionJson(RunJson Run, string Data, string Out, string Init, uint Branch, string NumericsSha256, JsonElement Spec, IReadOnlyList<WorkerJson> Workers)
{
    public static DescriptionJson Of(RunDescription known)
    {
        using var spec = JsonDocument.Parse(known.Run.SpecJson.Length > 0 ? known.Run.SpecJson : "{}");
        return new(RunJson.Of(known.Run), known.Places.DataPath, known.Places.RunStore, known.Places.InitPath, known.Branch, known.NumericsSha256, spec.RootElement.Clone(), [.. known.Workers.Select(WorkerJson.Of)]);
    }
}

/// <summary>A worker.</summary>
internal sealed record WorkerJson(string Worker, string Host, string Device, string Status, string Run, string Reason, bool IsEvaluator, long MemoryBytes)
{
    public static WorkerJson Of(Worker worker) => new(worker.Name, worker.Host, worker.Device, worker.Status.ToString().ToLowerInvariant(), worker.Run, worker.Reason, worker.IsEvaluator, worker.MemoryBytes);
}

/// <summary>An event.</summary>
internal sealed record EventJson(long Number, DateTimeOffset At, string Text, JsonElement Event)
{
    public static EventJson Of(RunEvent happened)
    {
        using var json = JsonDocument.Parse(happened.Json);
        return new(happened.Number, DateTimeOffset.FromUnixTimeMilliseconds(happened.AtUnixMs), happened.Text, json.RootElement.Clone());
    }
}

/// <summary>A spec key in which runs differ.</summary>
internal sealed record DifferenceJson(string Key, string OnResume, IReadOnlyDictionary<string, string> Values);

/// <summary>Spec keys in which runs differ.</summary>
internal static class Differences
{
    public static IReadOnlyList<DifferenceJson> Between(IReadOnlyList<Run> runs)
    {
        var specs = runs.Select(run => (run.Run_, Spec: RunSpecJson.Read(run.SpecJson, $"the spec of {run.Run_}"))).ToList();
        return
        [
            .. SpecKeys.All.Select(key => new DifferenceJson(key.Name, key.Change.ToString().ToLowerInvariant(), specs.ToDictionary(pair => pair.Run_, pair => key.Format(pair.Spec))))
                .Where(row => row.Values.Values.Distinct().Count() > 1),
        ];
    }
}

/// <summary>A submission, with the keys of <c>atelier submit -f</c>.</summary>
internal sealed record SubmitOrder(string? Run, string? Recipe, string? Data, string? Out, IReadOnlyList<string>? Set, int? Priority, int? MinWorkers, int? MaxWorkers, bool? AcceptNewNumerics)
{
    public SubmitRequest ToRequest()
    {
        var request = new SubmitRequest
        {
            Run = Run?.Trim() ?? "",
            Recipe = string.IsNullOrWhiteSpace(Recipe) ? Recipes.Default : Recipe.Trim(),
            DataPath = Data?.Trim() ?? "",
            RunStore = Out?.Trim() ?? "",
            Priority = Priority ?? 0,
            MinWorkers = MinWorkers ?? 0,
            MaxWorkers = MaxWorkers ?? 0,
            AcceptNewNumerics = AcceptNewNumerics ?? false,
        };
        request.Assignments.AddRange((Set ?? []).Select(assignment => assignment.Trim()).Where(assignment => assignment.Length > 0));
        return request;
    }
}

/// <summary>What submitting would do.</summary>
internal sealed record PreviewJson(RunJson Run, bool AlreadySubmitted, int FittingWorkers, int FreeWorkers);

/// <summary>Changes of free keys that a run is resumed with.</summary>
internal sealed record ResumeOrder(IReadOnlyList<string>? Set, bool? AcceptNewNumerics);

/// <summary>How a run is cancelled.</summary>
internal sealed record CancelOrder(bool? Discard);

/// <summary>What a browser signs in with.</summary>
internal sealed record SignInOrder(string? Token);
