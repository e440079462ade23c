using System.Text.Json;
using System.Text.Json.Serialization;
using Atelier.Core.Runs;
using Atelier.Core.Specs;
using Atelier.Storage.Blobs;
using Atelier.Storage.Safetensors;

namespace Atelier.Storage.Snapshots;

/// <summary>
/// What a snapshot consists of: `manifest.json` in its folder, written last. A snapshot exists if and only if its manifest
/// does.
/// </summary>
public sealed record SnapshotManifest
{
    /// <summary>The format that this code writes, and the newest that it reads.</summary>
    public const int CurrentFormat = 1;

    [JsonPropertyName("format")]
    public required int Format { get; init; }

    /// <summary>Real images shown.</summary>
    public required long ImageCount { get; init; }

    /// <summary>The image count in thousands, for people.</summary>
    public double Kimg => At.Kimg;

    public required long Iteration { get; init; }

    public required uint Branch { get; init; }

    public ulong Seed => Spec.Seed;

    /// <summary>Hash of the state, by <see cref="StateHasher"/>.</summary>
    public required string StateSha256 { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>The state's sections, in canonical order.</summary>
    public required IReadOnlyList<SnapshotSection> Sections { get; init; }

    /// <summary>The files that hold them.</summary>
    public required IReadOnlyList<SnapshotSlice> Slices { get; init; }

    /// <summary>Metrics of its averaged generator, as far as they are known.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>The fingerprint under which the state came about.</summary>
    public required NumericsFingerprint Numerics { get; init; }

    public required RunSpec Spec { get; init; }

    /// <summary>What the tick that the snapshot lies in has added up so far; not part of the state. Null where it was not kept.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public byte[]? TickSums { get; init; }

    /// <summary>The image count as a type.</summary>
    [JsonIgnore]
    public ImageCount At => new(ImageCount);

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, SnapshotJsonContext.Default.SnapshotManifest);

    /// <summary>Reads a manifest.</summary>
    /// <param name="blobs">Where it is.</param>
    /// <param name="name">The blob.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="SnapshotDamagedException">As of <see cref="FromJson"/>.</exception>
    /// <exception cref="FileNotFoundException">It is not there.</exception>
    internal static async Task<SnapshotManifest> ReadAsync(IBlobStore blobs, string name, CancellationToken cancellationToken)
    {
        await using var stream = await blobs.OpenReadAsync(name, cancellationToken);
        using var json = new MemoryStream();
        await stream.CopyToAsync(json, cancellationToken);
        return FromJson(json.ToArray());
    }

    /// <exception cref="SnapshotDamagedException">It is not a manifest, has a newer format, or its slices do not add up.</exception>
    public static SnapshotManifest FromJson(ReadOnlySpan<byte> json)
    {
        SnapshotManifest manifest;
        try
        {
            manifest = JsonSerializer.Deserialize(json, SnapshotJsonContext.Default.SnapshotManifest) ?? throw new JsonException("it is null");
        }
        catch (Exception error) when (error is JsonException or UserErrorException)
        {
            throw new SnapshotDamagedException($"its manifest cannot be read ({error.Message})", error);
        }

        if (manifest.Format > CurrentFormat)
            throw new SnapshotDamagedException($"its manifest has format {manifest.Format}, but this version reads up to {CurrentFormat}");
        SnapshotLayout.Require(manifest.Sections, manifest.Slices);
        return manifest;
    }
}

/// <summary>
/// One flat array of a run's state: a network's parameters, an optimiser's moments, a counter. The sections of a state have
/// one canonical order; slices cut them, the order of the state does not change.
/// </summary>
/// <param name="Name">Its name, such as `G.parameters`.</param>
public sealed record SnapshotSection(string Name, TensorDtype Dtype, long Elements)
{
    [System.Text.Json.Serialization.JsonIgnore]
    public long Bytes => checked(Elements * Dtype.ElementBytes());
}

/// <summary>A durable file with a part of a state.</summary>
/// <param name="File">Its name within the snapshot's folder.</param>
/// <param name="Sha256">Its hash, in lower-case hexadecimal.</param>
public sealed record SnapshotSlice(string File, long Bytes, string Sha256, IReadOnlyList<SnapshotPart> Parts);

/// <summary>The range of a section that a slice holds, as the tensor of the section's name in the slice's file.</summary>
public sealed record SnapshotPart(string Section, long First, long Elements);

/// <summary>The rule that slices must follow: their parts tile every section, without holes or overlaps.</summary>
internal static class SnapshotLayout
{
    /// <exception cref="SnapshotDamagedException">They do not.</exception>
    public static void Require(IReadOnlyList<SnapshotSection> sections, IReadOnlyList<SnapshotSlice> slices)
    {
        foreach (var slice in slices)
        {
            if (!IsFileName(slice.File)) throw new SnapshotDamagedException($"`{slice.File}` is not a valid name for a slice");
            if (slice.Parts.DistinctBy(part => part.Section).Count() != slice.Parts.Count)
                throw new SnapshotDamagedException($"{slice.File} has two parts of the same section");
        }

        if (sections.DistinctBy(section => section.Name).Count() != sections.Count)
            throw new SnapshotDamagedException("two of its sections have the same name");
        var parts = slices.SelectMany(slice => slice.Parts).ToLookup(part => part.Section);
        if (parts.Select(group => group.Key).Except(sections.Select(section => section.Name)).FirstOrDefault() is { } unknown)
            throw new SnapshotDamagedException($"its slices hold `{unknown}`, which is not a section of the state");
        foreach (var section in sections)
        {
            var next = 0L;
            foreach (var part in parts[section.Name].OrderBy(part => part.First))
            {
                if (part.First != next || part.Elements < 0) break;
                next += part.Elements;
            }

            if (next != section.Elements || parts[section.Name].Sum(part => part.Elements) != next)
                throw new SnapshotDamagedException($"its slices do not hold every element of `{section.Name}` exactly once");
        }
    }

    private static bool IsFileName(string file)
    {
        try
        {
            BlobName.Require(file);
            return !file.Contains('/', StringComparison.Ordinal);
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}

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
