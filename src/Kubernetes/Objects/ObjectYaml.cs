using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;

namespace Atelier.Kubernetes.Objects;

/// <summary>Objects as YAML.</summary>
public static class ObjectYaml
{
    /// <summary>Writes an object, its fields in their order.</summary>
    public static string Write(JsonObject json) => KubernetesYaml.Serialize(Plain(json)!);

    private static object? Plain(JsonNode? node) => node switch
    {
        null => null,
        JsonObject json => json.ToDictionary(field => field.Key, field => Plain(field.Value)),
        JsonArray list => list.Select(Plain).ToList(),
        JsonValue value => value.GetValueKind() switch
        {
            JsonValueKind.String => value.GetValue<string>(),
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Number when long.TryParse(value.ToJsonString(), out var whole) => whole,
            JsonValueKind.Number => double.Parse(value.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture),
            _ => null,
        },
        _ => throw new InvalidOperationException("unknown kind of JSON"),
    };
}
