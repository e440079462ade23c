using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Atelier.Kubernetes.Objects;

/// <summary>Fields of objects as they come from the server: what is absent, or of another type, counts as not given.</summary>
internal static class ObjectFields
{
    /// <summary>What lies at a path of names; null where nothing does.</summary>
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
            node = node is JsonObject inner ? inner[name] : null;
        return node;
    }

    public static string Text(this JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    public static bool Flag(this JsonNode? node) => node is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;

    public static double? Number(this JsonNode? node) => node is JsonValue value && value.GetValueKind() == JsonValueKind.Number
        && double.TryParse(value.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    public static int? Whole(this JsonNode? node) => node.Number() is { } number && Math.Floor(number) == number && Math.Abs(number) <= int.MaxValue ? (int)number : null;

    public static DateTimeOffset? Time(this JsonNode? node) =>
        DateTimeOffset.TryParse(node.Text(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    /// <summary>The objects of a list.</summary>
    public static IEnumerable<JsonObject> Objects(this JsonNode? node) => node is JsonArray list ? list.OfType<JsonObject>() : [];

    /// <summary>A time as Kubernetes writes it: whole seconds of UTC.</summary>
    public static string Write(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
