using System.Text;
using System.Text.Json;

namespace Atelier.Core.Specs;

/// <summary>Specs as JSON objects with a property per key, in the order of the table.</summary>
public static class RunSpecJson
{
    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>The whole spec as indented JSON.</summary>
    /// <param name="spec">The spec.</param>
    public static string Write(RunSpec spec)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new() { Indented = true, NewLine = "\n" })) Write(writer, spec);
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>Writes the whole spec as a JSON object.</summary>
    /// <param name="writer">Where a value is expected.</param>
    /// <param name="spec">The spec.</param>
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
    /// <param name="json">A JSON object.</param>
    /// <param name="source">Where it came from, for messages.</param>
    /// <exception cref="UserErrorException">A key is unknown or a value not accepted.</exception>
    public static RunSpec Read(JsonElement json, string source) =>
        Properties(json, source).Aggregate(new RunSpec(), (spec, property) => Explain(source, () => SpecKeys.Find(property.Name).With(spec, property.Text)));

    /// <summary>Reads a spec from text.</summary>
    /// <param name="json">JSON text.</param>
    /// <param name="source">Where it came from, for messages.</param>
    /// <exception cref="UserErrorException">It is no JSON, a key is unknown, or a value is not accepted.</exception>
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
                    throw new UserErrorException($"{source}: the key `{property.Name}` stands there twice.");
                properties.Add((property.Name, SpecText.Of(property.Value)
                    ?? throw new UserErrorException($"{source}: `{property.Name}` cannot be an object.")));
            }
        }
        catch (InvalidOperationException error)
        {
            // A string that is no Unicode surfaces only when it is read.
            throw new UserErrorException($"{source} is not valid JSON: {error.Message}", error);
        }

        return properties;
    }

    /// <summary>Says where a mistake stands.</summary>
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
