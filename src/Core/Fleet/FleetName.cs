using System.Text.Json;
using System.Text.Json.Serialization;

namespace Atelier.Core.Fleet;

/// <summary>
/// What runs, workers and their certificates may be called: a name becomes a folder, a key of a store and a label, so it is
/// the strictest of these.
/// </summary>
public static class FleetName
{
    /// <summary>Most characters, as a label of DNS and Kubernetes.</summary>
    public const int MaxLength = 63;

    /// <summary>Whether a name is allowed: lower-case letters, digits, `.`, `_` and `-`, a letter or digit at both ends, no `..`.</summary>
    public static bool IsValid(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length is > 0 and <= MaxLength
            && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '-')
            && char.IsAsciiLetterOrDigit(name[0]) && char.IsAsciiLetterOrDigit(name[^1])
            && !name.Contains("..", StringComparison.Ordinal);
    }

    /// <summary>The name, if it is allowed.</summary>
    /// <exception cref="UserErrorException">It is not allowed.</exception>
    internal static string Checked(string what, string name) => IsValid(name)
        ? name
        : throw new UserErrorException(
            $"`{PrintableText.Of(name)}` is not a valid name for a {what}; use up to {MaxLength} lower-case letters, digits, `.`, `_` and `-`, starting and ending with a letter or digit, without `..`");
}

/// <summary>The name of a run. In JSON it is its text.</summary>
[JsonConverter(typeof(Json))]
public sealed record RunId
{
    /// <param name="value">As <see cref="FleetName.IsValid"/> has it.</param>
    /// <exception cref="UserErrorException">It is not a valid name.</exception>
    public RunId(string value) => Value = FleetName.Checked("run", value);

    public string Value { get; }

    public override string ToString() => Value;

    internal sealed class Json : JsonConverter<RunId>
    {
        public override RunId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, RunId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
    }
}
