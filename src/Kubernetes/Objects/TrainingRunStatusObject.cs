using System.Text.Json.Nodes;
using Atelier.Core.Kubernetes;

namespace Atelier.Kubernetes.Objects;

/// <summary>The status of <c>TrainingRun</c> objects as JSON.</summary>
internal static class TrainingRunStatusObject
{
    /// <summary>The metric that the column FID shows.</summary>
    private const string Fid = "fid50k_full";

    /// <summary>Reads a status; one that is absent is the first.</summary>
    public static TrainingRunStatus Read(JsonNode? json) => new()
    {
        ObservedGeneration = (long)(json.At("observedGeneration").Number() ?? 0),
        Phase = Parse(json.At("phase").Text(), TrainingRunPhase.Pending),
        Message = json.At("message").Text(),
        Progress = ReadProgress(json),
        IsSubmitted = json.At("submitted").Flag(),
        IsSuspended = json.At("suspended").Flag(),
        WorkerFailures = json.At("workerFailures").Whole() ?? 0,
        WorkersReplaced = json.At("workersReplaced").Time(),
        Updated = json.At("updated").Time(),
        Conditions = [.. json.At("conditions").Objects().Where(one => Enum.TryParse<RunConditionType>(one["type"].Text(), out _)).Select(ReadCondition)],
    };

    /// <summary>The whole status; what has no value is null, so that a patch takes it away.</summary>
    public static JsonObject Write(TrainingRunStatus status)
    {
        ArgumentNullException.ThrowIfNull(status);
        var json = new JsonObject
        {
            ["observedGeneration"] = status.ObservedGeneration,
            ["phase"] = $"{status.Phase}",
            ["message"] = status.Message,
            ["submitted"] = status.IsSubmitted,
            ["suspended"] = status.IsSuspended,
            ["workerFailures"] = status.WorkerFailures,
            ["workersReplaced"] = status.WorkersReplaced is { } replaced ? ObjectFields.Write(replaced) : null,
            ["updated"] = status.Updated is { } updated ? ObjectFields.Write(updated) : null,
            ["conditions"] = new JsonArray([.. status.Conditions.Select(condition => Write(condition, status.ObservedGeneration))]),
        };
        if (status.Progress is not { } progress) return json;
        json["kimg"] = Math.Round(progress.Kimg, 3);
        json["targetKimg"] = Math.Round(progress.TargetKimg, 3);
        json["imagesPerSecond"] = Math.Round(progress.ImagesPerSecond, 2);
        json["generation"] = progress.Generation;
        json["workers"] = progress.Workers;
        json["snapshotKimg"] = progress.SnapshotKimg is { } snapshot ? Math.Round(snapshot, 3) : null;
        json["remainingSeconds"] = progress.RemainingSeconds is { } seconds ? (long)Math.Min(seconds, 1e15) : null;
        json["fid"] = progress.Metrics.TryGetValue(Fid, out var fid) && double.IsFinite(fid) ? Math.Round(fid, 3) : null;
        json["metrics"] = new JsonObject(progress.Metrics.Where(metric => double.IsFinite(metric.Value)).Select(metric => KeyValuePair.Create<string, JsonNode?>(metric.Key, metric.Value)));
        return json;
    }

    private static JsonObject Write(RunCondition condition, long generation) => new()
    {
        ["type"] = $"{condition.Type}",
        ["status"] = condition.Holds ? "True" : "False",
        ["reason"] = condition.Reason,
        ["message"] = condition.Message,
        ["lastTransitionTime"] = ObjectFields.Write(condition.Since),
        ["observedGeneration"] = generation,
    };

    private static RunCondition ReadCondition(JsonObject json) => new(
        Enum.Parse<RunConditionType>(json["type"].Text()), json["status"].Text() == "True", json["reason"].Text(), json["message"].Text(),
        json["lastTransitionTime"].Time() ?? DateTimeOffset.UnixEpoch);

    private static RunProgress? ReadProgress(JsonNode? json) => json.At("kimg").Number() is not { } kimg ? null
        : new(kimg, json.At("targetKimg").Number() ?? 0, json.At("imagesPerSecond").Number() ?? 0, (long)(json.At("generation").Number() ?? 0), json.At("workers").Whole() ?? 0,
            json.At("snapshotKimg").Number(), json.At("remainingSeconds").Number())
        {
            Metrics = json.At("metrics") is JsonObject metrics ? metrics.Where(metric => metric.Value.Number() is not null).ToDictionary(metric => metric.Key, metric => metric.Value.Number()!.Value) : [],
        };

    private static TEnum Parse<TEnum>(string text, TEnum otherwise)
        where TEnum : struct, Enum => Enum.TryParse<TEnum>(text, out var value) ? value : otherwise;
}
