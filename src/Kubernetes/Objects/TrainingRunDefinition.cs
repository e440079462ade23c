using System.Text.Json.Nodes;
using Atelier.Core.Kubernetes;
using Atelier.Core.Specs;
using Atelier.Kubernetes.Api;

namespace Atelier.Kubernetes.Objects;

/// <summary>The CustomResourceDefinition of <c>TrainingRun</c>, made from the table of spec keys.</summary>
public static class TrainingRunDefinition
{
    /// <summary>How dashes of names are written in rules (Kubernetes' escaping for CEL).</summary>
    private const string Dash = "__dash__";

    // The server bounds what rules may cost by how long the texts may be that they compare.
    private const int LongestText = 4096, LongestRecipe = 16384, LongestValue = 1024, MostNames = 64;

    /// <summary>Makes it.</summary>
    public static JsonObject Create() => new()
    {
        ["apiVersion"] = "apiextensions.k8s.io/v1",
        ["kind"] = "CustomResourceDefinition",
        ["metadata"] = new JsonObject { ["name"] = ResourceKind.TrainingRuns.QualifiedName },
        ["spec"] = new JsonObject
        {
            ["group"] = ResourceKind.TrainingRuns.Group,
            ["scope"] = "Namespaced",
            ["names"] = new JsonObject
            {
                ["kind"] = ResourceKind.TrainingRuns.Kind,
                ["listKind"] = "TrainingRunList",
                ["plural"] = ResourceKind.TrainingRuns.Plural,
                ["singular"] = "trainingrun",
                ["shortNames"] = new JsonArray("run", "runs"),
            },
            ["versions"] = new JsonArray(new JsonObject
            {
                ["name"] = ResourceKind.TrainingRuns.Version,
                ["served"] = true,
                ["storage"] = true,
                ["subresources"] = new JsonObject { ["status"] = new JsonObject() },
                ["additionalPrinterColumns"] = new JsonArray(
                    Column("Status", "string", ".status.phase"),
                    Column("kimg", "number", ".status.kimg"),
                    Column("of", "number", ".status.targetKimg"),
                    Column("img/s", "number", ".status.imagesPerSecond"),
                    Column("FID", "number", ".status.fid"),
                    Column("Workers", "integer", ".status.workers"),
                    Column("Message", "string", ".status.message", isWide: true),
                    Column("Age", "date", ".metadata.creationTimestamp")),
                ["schema"] = new JsonObject { ["openAPIV3Schema"] = Schema() },
            }),
        },
    };

    private static JsonObject Column(string name, string type, string path, bool isWide = false)
    {
        var column = new JsonObject { ["name"] = name, ["type"] = type, ["jsonPath"] = path };
        if (isWide) column["priority"] = 1;
        return column;
    }

    private static JsonObject Schema() => With(
        Object("A run of StyleGAN2 training, kept by an Atelier coordinator.", ["spec"], new()
        {
            ["apiVersion"] = Type("string"),
            ["kind"] = Type("string"),
            ["metadata"] = Type("object"),
            ["spec"] = Spec(),
            ["status"] = Status(),
        }),
        ("x-kubernetes-validations", Rules(($"size(self.metadata.name) <= {TrainingRunSpec.MaxNameLength} && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
            $"metadata.name: must be up to {TrainingRunSpec.MaxNameLength} lower-case letters, digits and `-`, because it becomes part of host names"))));

    private static JsonObject Spec()
    {
        const string Most = "(has(self.workers.count) ? self.workers.count : (has(self.workers.max) ? self.workers.max : 1))";
        return With(
            Object("The desired run.", ["data", "out"], new()
            {
                ["data"] = With(Type("string", "The images, at a path that the workers can read."), ("minLength", 1), ("maxLength", LongestText)),
                ["out"] = With(Type("string", "The run folder, or s3://bucket/prefix, which workers and coordinator can reach."), ("minLength", 1), ("maxLength", LongestText)),
                ["recipe"] = With(Type("string", "The name of a recipe, or its JSON."), ("maxLength", LongestRecipe)),
                ["init"] = With(Type("string", "Networks to start from, at a path that the workers can read."), ("maxLength", LongestText)),
                ["spec"] = Keys(),
                ["acceptNewNumerics"] = Type("boolean", "Continue even if the run's snapshots were computed under other numerics."),
                ["priority"] = With(Type("integer", "Runs with a higher priority get workers first."), ("format", "int32")),
                ["suspend"] = Type("boolean", "Pause the run, with a snapshot and without pods."),
                ["onDelete"] = With(Type("string", "What happens to the run when this object is deleted: it ends with a snapshot, ends at once, or is kept. Its files are always kept."),
                    ("enum", new JsonArray([.. Enum.GetNames<DeletionPolicy>().Select(name => (JsonNode)name)])), ("default", nameof(DeletionPolicy.Cancel))),
                ["workers"] = Workers(),
            }),
            ("x-kubernetes-validations", Rules(
            [
                .. new[] { "data", "out" }.Select(field => ($"self.{field} == oldSelf.{field}", $"{field} cannot change; create a run with another name")),
                .. new[] { "recipe", "init", "spec", "acceptNewNumerics", "priority" }.Select(field => (
                    $"has(self.{field}) == has(oldSelf.{field}) && (!has(self.{field}) || self.{field} == oldSelf.{field})", $"{field} cannot change; create a run with another name")),
                ($"!has(self.workers) || !has(self.spec) || !has(self.spec.batch) || !has(self.spec.shard) || {Most} * self.spec.shard <= self.spec.batch",
                    "workers: at most batch / shard workers have work"),
            ])));
    }

    private static JsonObject Keys()
    {
        var keys = SpecKeys.All.Where(key => key.SetBy.Length == 0).ToList();
        var properties = new JsonObject(keys.Select(key => KeyValuePair.Create<string, JsonNode?>(key.Name, Shape(key))));
        return With(
            Object("Spec keys, as `--set` takes them.", [], properties),
            // A key that does not exist is kept, so that the operator can name it; otherwise the server would drop it without a word.
            ("x-kubernetes-preserve-unknown-fields", true),
            ("x-kubernetes-validations", Rules(
                ("!has(self.batch) || !has(self.shard) || self.batch % self.shard == 0", "shard must divide batch"),
                ($"!has(self.shard) || !has(self.mbstd{Dash}group) || self.shard % self.mbstd{Dash}group == 0", "mbstd-group must divide shard"))));
    }

    private static JsonObject Shape(SpecKey key)
    {
        var shape = key.Shape;
        // Null does not survive every kind of patch, and a schema has no "number or the word none": the operator judges these.
        var json = shape.IsNullable ? new JsonObject { ["x-kubernetes-preserve-unknown-fields"] = true } : shape.Kind switch
        {
            SpecShapeKind.Flag => Type("boolean"),
            SpecShapeKind.Integer => With(Type("integer"), ("format", "int64")),
            SpecShapeKind.Number => Type("number"),
            SpecShapeKind.Text => shape.Choices.Count > 0 ? Type("string") : With(Type("string"), ("maxLength", LongestValue)),
            SpecShapeKind.Names => With(Type("array"), ("items", With(Restrict(Type("string"), shape), ("maxLength", LongestValue))), ("maxItems", MostNames)),
            SpecShapeKind.IntegerOrText => new JsonObject { ["x-kubernetes-int-or-string"] = true },
            var other => throw new InvalidOperationException($"unknown shape {other}"),
        };
        json["description"] = $"{key.Description}{(key.Unit.Length > 0 ? $" ({key.Unit})" : "")}{(shape.IsNullable ? $": {key.Accepts}" : "")}";
        if (!shape.IsNullable && shape.Kind != SpecShapeKind.Names) Restrict(json, shape);
        return json;
    }

    private static JsonObject Restrict(JsonObject json, SpecShape shape)
    {
        if (shape.Minimum is { } minimum) json["minimum"] = minimum;
        if (shape.ExcludesMinimum) json["exclusiveMinimum"] = true;
        if (shape.Maximum is { } maximum) json["maximum"] = maximum;
        if (shape.ExcludesMaximum) json["exclusiveMaximum"] = true;
        if (shape.Pattern is { } pattern) json["pattern"] = pattern;
        if (shape.Choices.Count > 0) json["enum"] = new JsonArray([.. shape.Choices.Select(choice => (JsonNode)choice)]);
        return json;
    }

    private static JsonObject Workers() => With(
        Object("Workers for this run alone, as pods of a Job; without this it uses workers attached to the coordinator.", [], new()
        {
            ["count"] = With(Type("integer", "Number of workers to start; the run begins with the first one."), ("format", "int32"), ("minimum", 1), ("maximum", 10000)),
            ["min"] = With(Type("integer", "The run waits for this many workers."), ("format", "int32"), ("minimum", 1), ("maximum", 10000)),
            ["max"] = With(Type("integer", "Number of workers to start."), ("format", "int32"), ("minimum", 1), ("maximum", 10000)),
            ["template"] = With(Type("string", "The PodTemplate for the worker pods."), ("default", WorkerPods.DefaultTemplate), ("minLength", 1)),
            ["resources"] = Object("Resources of the worker container, instead of the template's.", [], new()
            {
                ["limits"] = Quantities(),
                ["requests"] = Quantities(),
            }),
            ["nodeSelector"] = With(Type("object", "Node labels to select, besides the template's."), ("additionalProperties", Type("string"))),
            ["tolerations"] = With(Type("array", "Node taints to tolerate, besides the template's."), ("items", Object("", [], new()
            {
                ["key"] = Type("string"),
                ["operator"] = With(Type("string"), ("enum", new JsonArray("Equal", "Exists"))),
                ["value"] = Type("string"),
                ["effect"] = With(Type("string"), ("enum", new JsonArray("NoSchedule", "PreferNoSchedule", "NoExecute"))),
                ["tolerationSeconds"] = With(Type("integer"), ("format", "int64")),
            }))),
        }),
        ("x-kubernetes-validations", Rules(
            ("has(self.count) ? !has(self.min) && !has(self.max) : has(self.min) && has(self.max)", "workers takes either count, or min and max"),
            ("!has(self.min) || !has(self.max) || self.min <= self.max", "min must not be more than max"))));

    private static JsonObject Quantities() => With(Type("object"), ("additionalProperties", new JsonObject
    {
        ["x-kubernetes-int-or-string"] = true,
        ["pattern"] = "^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$",
    }));

    private static JsonObject Status() => Object("Status reported by the operator.", [], new()
    {
        ["observedGeneration"] = With(Type("integer"), ("format", "int64")),
        ["phase"] = With(Type("string"), ("enum", new JsonArray([.. Enum.GetNames<TrainingRunPhase>().Select(name => (JsonNode)name)]))),
        ["message"] = Type("string"),
        ["kimg"] = Type("number", "Thousands of images shown."),
        ["targetKimg"] = Type("number", "Thousands of images in the whole run."),
        ["imagesPerSecond"] = Type("number"),
        ["generation"] = With(Type("integer", "Number of the latest generation of workers."), ("format", "int64")),
        ["workers"] = With(Type("integer", "Number of workers that are training."), ("format", "int32")),
        ["snapshotKimg"] = Nullable(Type("number", "The newest snapshot.")),
        ["remainingSeconds"] = Nullable(With(Type("integer"), ("format", "int64"))),
        ["fid"] = Nullable(Type("number", "Newest value of fid50k_full.")),
        ["metrics"] = With(Type("object", "Newest values of metrics, by name."), ("additionalProperties", Type("number"))),
        ["submitted"] = Type("boolean"),
        ["suspended"] = Type("boolean"),
        ["workerFailures"] = With(Type("integer"), ("format", "int32")),
        ["workersReplaced"] = Nullable(With(Type("string"), ("format", "date-time"))),
        ["updated"] = Nullable(With(Type("string"), ("format", "date-time"))),
        ["conditions"] = With(
            With(Type("array"), ("items", Object("", ["type", "status", "reason", "message", "lastTransitionTime"], new()
            {
                ["type"] = Type("string"),
                ["status"] = With(Type("string"), ("enum", new JsonArray("True", "False", "Unknown"))),
                ["reason"] = Type("string"),
                ["message"] = Type("string"),
                ["lastTransitionTime"] = With(Type("string"), ("format", "date-time")),
                ["observedGeneration"] = With(Type("integer"), ("format", "int64")),
            }))),
            ("x-kubernetes-list-type", "map"), ("x-kubernetes-list-map-keys", new JsonArray("type"))),
    });

    private static JsonObject Type(string type, string description = "")
    {
        var json = new JsonObject { ["type"] = type };
        if (description.Length > 0) json["description"] = description;
        return json;
    }

    private static JsonObject Nullable(JsonObject schema) => With(schema, ("nullable", true));

    private static JsonObject Object(string description, string[] required, JsonObject properties)
    {
        var json = Type("object", description);
        if (required.Length > 0) json["required"] = new JsonArray([.. required.Select(name => (JsonNode)name)]);
        json["properties"] = properties;
        return json;
    }

    private static JsonArray Rules(params IEnumerable<(string Rule, string Message)> rules) =>
        new([.. rules.Select(rule => new JsonObject { ["rule"] = rule.Rule, ["message"] = rule.Message })]);

    private static JsonObject With(JsonObject schema, params IEnumerable<(string Name, JsonNode Value)> more)
    {
        foreach (var (name, value) in more) schema[name] = value;
        return schema;
    }
}
