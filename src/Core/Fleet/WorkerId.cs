using System.Text.Json;
using System.Text.Json.Serialization;

namespace Atelier.Core.Fleet;

/// <summary>The name of a worker. In JSON it is its text.</summary>
[JsonConverter(typeof(Json))]
public sealed record WorkerId
{
    /// <summary>A name.</summary>
    /// <param name="value">As <see cref="FleetName.IsValid"/> has it.</param>
    /// <exception cref="UserErrorException">It is no such name.</exception>
    public WorkerId(string value) => Value = FleetName.Checked("worker", value);

    /// <summary>The name's text.</summary>
    public string Value { get; }

    /// <inheritdoc/>
    public override string ToString() => Value;

    internal sealed class Json : JsonConverter<WorkerId>
    {
        public override WorkerId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, WorkerId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
    }
}
