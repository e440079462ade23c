using System.Text.Json;

namespace Atelier.Core.Specs;

/// <summary>The text form of JSON values, so that one parser per key serves files and the command line.</summary>
public static class SpecText
{
    /// <summary>The word for "no value".</summary>
    public const string None = "none";

    /// <summary>Numbers as they stand, `true`/`false`, strings, lists with commas, null as `none`; null for an object.</summary>
    /// <param name="element">The JSON value.</param>
    public static string? Of(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => element.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Null => None,
        JsonValueKind.Array => string.Join(',', element.EnumerateArray().Select(Of)),
        _ => null,
    };
}
