using System.Text;
using System.Text.Json;

namespace Atelier.Core.Specs;

/// <summary>Specs as JSON objects with a property per key, in the order of the table.</summary>
public static class RunSpecJson
{
    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>The whole spec as indented JSON.</summary>
    public static string Write(RunSpec spec)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new() { Indented = true, NewLine = "\n" })) Write(writer, spec);
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <param name="writer">Where a value is expected.</param>
    public static void Write(Utf8JsonWriter writer, RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        foreach (var key in SpecKeys.All)
        {
            writer.WritePropertyName(key.Name);
            key.WriteJson(writer, spec);
        }

        writer.WriteEndObject();
    }

    /// <summary>Reads a spec. Keys that are absent have their default: a file of an older version stays readable.</summary>
    /// <param name="source">Where it came from, for messages.</param>
    /// <exception cref="UserErrorException">A key is unknown or a value not accepted.</exception>
    public static RunSpec Read(JsonElement json, string source) =>
        Properties(json, source).Aggregate(new RunSpec(), (spec, property) => Explain(source, () => SpecKeys.Find(property.Name).With(spec, property.Text)));

    /// <param name="source">Where it came from, for messages.</param>
    /// <exception cref="UserErrorException">It is not JSON, a key is unknown, or a value is not accepted.</exception>
    public static RunSpec Read(string json, string source)
    {
        using var document = Parse(json, source);
        return Read(document.RootElement, source);
    }

    /// <summary>Parses a file that people write: comments and trailing commas are fine.</summary>
    internal static JsonDocument Parse(string json, string source)
    {
        try
        {
            return JsonDocument.Parse(json, Lenient);
        }
        catch (JsonException error)
        {
            throw new UserErrorException($"{source} is not valid JSON: line {error.LineNumber + 1}: {error.Message}", error);
        }
    }

    /// <summary>The properties of a flat JSON object, in text form, each once.</summary>
    internal static IReadOnlyList<(string Name, string Text)> Properties(JsonElement json, string source)
    {
        if (json.ValueKind != JsonValueKind.Object) throw new UserErrorException($"{source}: expected an object of spec keys.");
        var properties = new List<(string Name, string Text)>();
        try
        {
            foreach (var property in json.EnumerateObject())
            {
                if (properties.Any(seen => seen.Name == property.Name))
                    throw new UserErrorException($"{source}: the key `{property.Name}` appears twice.");
                properties.Add((property.Name, SpecText.Of(property.Value)
                    ?? throw new UserErrorException($"{source}: `{property.Name}` cannot be an object.")));
            }
        }
        catch (InvalidOperationException error)
        {
            // A string that is not Unicode surfaces only when it is read.
            throw new UserErrorException($"{source} is not valid JSON: {error.Message}", error);
        }

        return properties;
    }

    /// <summary>Adds the source to the message of a mistake.</summary>
    internal static T Explain<T>(string source, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (UserErrorException error)
        {
            throw new UserErrorException($"{source}: {error.Message}", error);
        }
    }
}

/// <summary>The text form of JSON values, so that one parser per key serves files and the command line.</summary>
public static class SpecText
{
    /// <summary>The word for the absence of a value.</summary>
    public const string None = "none";

    /// <summary>Numbers as they stand, `true`/`false`, strings, lists with commas, null as `none`; null for an object.</summary>
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
