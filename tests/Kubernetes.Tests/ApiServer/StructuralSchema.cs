using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Cel;

namespace Atelier.Kubernetes.Tests.ApiServer;

/// <summary>
/// A CRD's schema, as an API server applies it: types, bounds, patterns, choices, needed and unknown fields, defaults, and rules of CEL,
/// which are evaluated by a package that is not ours.
/// </summary>
internal static class StructuralSchema
{
    private static readonly CelEnvironment Rules = new(null!, null!);

    /// <summary>What is wrong with an object; empty where nothing is.</summary>
    /// <param name="schema">The schema of its place.</param>
    /// <param name="value">The object; defaults are added.</param>
    /// <param name="former">What it is to take the place of, for rules of transition; null where it is new.</param>
    public static List<string> Problems(JsonObject schema, JsonNode? value, JsonNode? former)
    {
        List<string> problems = [];
        Check(schema, value, former, "", problems);
        return problems;
    }

    private static void Check(JsonObject schema, JsonNode? value, JsonNode? former, string path, List<string> problems)
    {
        void Say(string problem) => problems.Add($"{(path.Length > 0 ? path : "object")}: {problem}");

        if (value is null)
        {
            if ((bool?)schema["nullable"] != true) Say("may not be null");
            return;
        }

        var kind = value.GetValueKind();
        if ((bool?)schema["x-kubernetes-int-or-string"] == true)
        {
            if (kind is not (JsonValueKind.String or JsonValueKind.Number)) Say("must be a number or a text");
        }
        else if ((string?)schema["type"] is { } type && !IsA(type, value, kind))
        {
            Say($"must be of type {type}");
            return;
        }

        if (kind == JsonValueKind.Number) CheckNumber(schema, value.GetValue<JsonElement>(), Say);
        if (kind == JsonValueKind.String) CheckText(schema, value.GetValue<string>(), Say);
        if (schema["enum"] is JsonArray choices && !choices.Any(choice => JsonNode.DeepEquals(choice, value))) Say($"must be one of {choices.ToJsonString()}");
        if (value is JsonArray list)
        {
            if ((int?)schema["maxItems"] is { } most && list.Count > most) Say($"has more than {most} items");
            for (var index = 0; index < list.Count; index++) Check(schema["items"]!.AsObject(), list[index], null, $"{path}[{index}]", problems);
        }

        if (value is JsonObject json) CheckFields(schema, json, former as JsonObject, path, problems);
        foreach (var rule in schema["x-kubernetes-validations"] as JsonArray ?? [])
        {
            var text = (string)rule!["rule"]!;
            // A rule about a change says nothing of what is new.
            if (text.Contains("oldSelf", StringComparison.Ordinal) && former is null) continue;
            var holds = Rules.Program(text, new Dictionary<string, object?> { ["self"] = Plain(value), ["oldSelf"] = Plain(former) });
            if (holds is not true) Say((string)rule["message"]!);
        }
    }

    private static void CheckFields(JsonObject schema, JsonObject json, JsonObject? former, string path, List<string> problems)
    {
        var properties = schema["properties"] as JsonObject;
        foreach (var needed in (schema["required"] as JsonArray ?? []).Select(name => (string)name!).Where(name => !json.ContainsKey(name)))
            problems.Add($"{path}.{needed}: Required value");
        foreach (var (name, inner) in properties ?? [])
        {
            if (!json.ContainsKey(name) && inner!["default"] is { } value) json[name] = value.DeepClone();
        }

        foreach (var (name, value) in json)
        {
            if (properties?[name] is JsonObject known)
                Check(known, value, former?[name], $"{path}.{name}", problems);
            else if (schema["additionalProperties"] is JsonObject any)
                Check(any, value, former?[name], $"{path}.{name}", problems);
            else if (properties is not null && (bool?)schema["x-kubernetes-preserve-unknown-fields"] != true)
                problems.Add($"unknown field \"{$"{path}.{name}".TrimStart('.')}\"");
        }
    }

    private static void CheckNumber(JsonObject schema, JsonElement value, Action<string> say)
    {
        var number = value.GetDouble();
        if ((double?)schema["minimum"] is { } least && (number < least || ((bool?)schema["exclusiveMinimum"] == true && number <= least))) say($"must be at least {least}");
        if ((double?)schema["maximum"] is { } most && (number > most || ((bool?)schema["exclusiveMaximum"] == true && number >= most))) say($"must be at most {most}");
    }

    private static void CheckText(JsonObject schema, string text, Action<string> say)
    {
        if ((int?)schema["minLength"] is { } least && text.Length < least) say($"must have {least} characters");
        if ((int?)schema["maxLength"] is { } most && text.Length > most) say($"has more than {most} characters");
        if ((string?)schema["pattern"] is { } pattern && !Regex.IsMatch(text, pattern)) say($"must match {pattern}");
        if ((string?)schema["format"] == "date-time" && !DateTimeOffset.TryParse(text, out _)) say("must be a time");
    }

    private static bool IsA(string type, JsonNode value, JsonValueKind kind) => type switch
    {
        "object" => kind == JsonValueKind.Object,
        "array" => kind == JsonValueKind.Array,
        "string" => kind == JsonValueKind.String,
        "boolean" => kind is JsonValueKind.True or JsonValueKind.False,
        "number" => kind == JsonValueKind.Number,
        "integer" => kind == JsonValueKind.Number && value.ToJsonString() is var text && !text.Contains('.', StringComparison.Ordinal) && long.TryParse(text, out _),
        _ => throw new InvalidOperationException($"unknown type {type}"),
    };

    /// <summary>As rules see it: names with their dashes escaped.</summary>
    private static object? Plain(JsonNode? node) => node switch
    {
        null => null,
        JsonObject json => json.ToDictionary(field => field.Key.Replace("-", "__dash__", StringComparison.Ordinal), field => Plain(field.Value)),
        JsonArray list => list.Select(Plain).ToArray(),
        _ when node.GetValueKind() == JsonValueKind.String => node.GetValue<string>(),
        _ when node.GetValueKind() is JsonValueKind.True or JsonValueKind.False => node.GetValue<bool>(),
        _ when long.TryParse(node.ToJsonString(), out var whole) => whole,
        _ => double.Parse(node.ToJsonString()),
    };
}
