using System.Text.Json;
using System.Text.Json.Nodes;
using Atelier.Core.Kubernetes;
using Atelier.Core.Specs;
using Atelier.Kubernetes.Api;

namespace Atelier.Kubernetes.Objects;

/// <summary><c>TrainingRun</c> objects as JSON, and as the decisions see them.</summary>
public static class TrainingRunObject
{
    /// <summary>Keeps an object until the operator has done with its run.</summary>
    internal const string Finalizer = "atelier.dev/run";

    private static readonly string[] SpecFields = ["data", "out", "recipe", "init", "spec", "acceptNewNumerics", "priority", "suspend", "onDelete", "workers"];

    /// <summary>Reads an object.</summary>
    internal static TrainingRun Read(JsonObject json)
    {
        var metadata = json["metadata"];
        var run = new TrainingRun
        {
            Name = metadata.At("name").Text(),
            Uid = metadata.At("uid").Text(),
            Generation = (long)(metadata.At("generation").Number() ?? 0),
            IsDeleting = metadata.At("deletionTimestamp").Text().Length > 0,
            HasFinalizer = Finalizers(json).Contains(Finalizer),
            Status = TrainingRunStatusObject.Read(json["status"]),
        };
        try
        {
            return run with { Spec = ReadSpec(json["spec"]) };
        }
        catch (FormatException error)
        {
            return run with { Unreadable = error.Message };
        }
    }

    /// <summary>The finalizers that an object has.</summary>
    internal static IEnumerable<string> Finalizers(JsonObject json) => json["metadata"].At("finalizers") is JsonArray list ? list.Select(one => one.Text()) : [];

    /// <summary>The object that a person applies.</summary>
    /// <param name="name">The run's name.</param>
    /// <param name="space">Its namespace; null to leave that open.</param>
    /// <param name="spec">What is wanted.</param>
    public static JsonObject Write(string name, string? space, TrainingRunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var metadata = new JsonObject { ["name"] = name };
        if (space is not null) metadata["namespace"] = space;
        var keys = new JsonObject();
        foreach (var assignment in spec.Assignments.Select(SpecAssignment.Parse)) keys[assignment.Key.Name] = ValueOf(assignment) ?? SpecText.None;
        var wanted = new JsonObject { ["data"] = spec.Data, ["out"] = spec.Out };
        if (spec.Recipe.Length > 0) wanted["recipe"] = spec.Recipe;
        if (spec.Init.Length > 0) wanted["init"] = spec.Init;
        if (keys.Count > 0) wanted["spec"] = keys;
        if (spec.AcceptNewNumerics) wanted["acceptNewNumerics"] = true;
        if (spec.Priority != 0) wanted["priority"] = spec.Priority;
        if (spec.Workers is { } workers) wanted["workers"] = new JsonObject { ["min"] = workers.Min, ["max"] = workers.Max };
        return new()
        {
            ["apiVersion"] = ResourceKind.TrainingRuns.ApiVersion,
            ["kind"] = ResourceKind.TrainingRuns.Kind,
            ["metadata"] = metadata,
            ["spec"] = wanted,
        };
    }

    private static JsonNode? ValueOf(SpecAssignment assignment)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer)) assignment.Key.WriteJson(writer, assignment.ApplyTo(new RunSpec()));
        return JsonNode.Parse(buffer.ToArray());
    }

    private static TrainingRunSpec ReadSpec(JsonNode? node)
    {
        if (node is not JsonObject json) throw new FormatException("spec is missing.");
        if (json.Select(field => field.Key).FirstOrDefault(key => !SpecFields.Contains(key)) is { } unknown)
            throw new FormatException($"spec.{unknown}: unknown field.{NearestName.Hint(unknown, SpecFields)}");
        return new()
        {
            Data = Needed(json, "data"),
            Out = Needed(json, "out"),
            Recipe = json["recipe"].Text(),
            Init = json["init"].Text(),
            Assignments = ReadKeys(json["spec"]),
            AcceptNewNumerics = json["acceptNewNumerics"].Flag(),
            Priority = json["priority"].Whole() ?? 0,
            Suspend = json["suspend"].Flag(),
            OnDelete = json["onDelete"].Text() switch
            {
                "" or nameof(DeletionPolicy.Cancel) => DeletionPolicy.Cancel,
                nameof(DeletionPolicy.Discard) => DeletionPolicy.Discard,
                nameof(DeletionPolicy.Keep) => DeletionPolicy.Keep,
                var other => throw new FormatException($"spec.onDelete cannot be {other}; use {string.Join(", ", Enum.GetNames<DeletionPolicy>())}."),
            },
            Workers = ReadWorkers(json["workers"]),
        };
    }

    private static string Needed(JsonObject json, string field) => json[field].Text() is { Length: > 0 } text ? text : throw new FormatException($"spec.{field} is missing.");

    private static List<string> ReadKeys(JsonNode? node) => node switch
    {
        null => [],
        JsonObject keys => [.. keys.Select(key => $"{key.Key}={TextOf(key.Key, key.Value)}")],
        _ => throw new FormatException("spec.spec takes spec keys with their values."),
    };

    private static string TextOf(string key, JsonNode? value) =>
        SpecText.Of(JsonSerializer.SerializeToElement(value)) ?? throw new FormatException($"spec.spec.{key} cannot be an object.");

    private static WorkerPods? ReadWorkers(JsonNode? node)
    {
        if (node is null) return null;
        if (node is not JsonObject json) throw new FormatException("spec.workers takes count, or min and max.");
        var (count, min, max) = (json["count"].Whole(), json["min"].Whole(), json["max"].Whole());
        var pods = (count, min, max) switch
        {
            // What is there may begin, and go on while one is replaced.
            ({ } all, null, null) => new WorkerPods(Math.Min(1, all), all),
            (null, { } least, { } most) => new WorkerPods(least, most),
            _ => throw new FormatException("spec.workers takes either count, or min and max."),
        };
        return json["template"].Text() is { Length: > 0 } template ? pods with { Template = template } : pods;
    }
}
