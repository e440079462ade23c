using System.Text.Json.Serialization;

namespace Atelier.Core.Runs;

/// <summary>JSON of the run records, generated at build time: start-up pays for no reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.KebabCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(NumericsFingerprint))]
[JsonSerializable(typeof(RunEvent))]
internal sealed partial class RunsJsonContext : JsonSerializerContext;
