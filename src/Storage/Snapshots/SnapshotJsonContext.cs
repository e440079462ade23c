using System.Text.Json;
using System.Text.Json.Serialization;
using Atelier.Core.Specs;

namespace Atelier.Storage.Snapshots;

/// <summary>JSON of manifests, generated at build time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    WriteIndented = true,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    Converters = [typeof(RunSpecConverter)])]
[JsonSerializable(typeof(SnapshotManifest))]
[JsonSerializable(typeof(WrittenSlice))]
internal sealed partial class SnapshotJsonContext : JsonSerializerContext;

/// <summary>A spec within a manifest has the form that it has in `run.json`.</summary>
internal sealed class RunSpecConverter : JsonConverter<RunSpec>
{
    public override RunSpec Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return RunSpecJson.Read(document.RootElement, "spec");
    }

    public override void Write(Utf8JsonWriter writer, RunSpec value, JsonSerializerOptions options) => RunSpecJson.Write(writer, value);
}
