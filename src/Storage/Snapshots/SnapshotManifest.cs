using System.Text.Json;
using System.Text.Json.Serialization;
using Atelier.Core.Runs;
using Atelier.Core.Specs;

namespace Atelier.Storage.Snapshots;

/// <summary>
/// What a snapshot consists of: `manifest.json` in its folder, written last. A snapshot exists if and only if its manifest
/// does.
/// </summary>
public sealed record SnapshotManifest
{
    /// <summary>The format that this code writes, and the newest that it reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Version of the format.</summary>
    [JsonPropertyName("format")]
    public required int Format { get; init; }

    /// <summary>Real images shown.</summary>
    public required long ImageCount { get; init; }

    /// <summary>The image count in thousands, for people.</summary>
    public double Kimg => At.Kimg;

    /// <summary>Iterations done.</summary>
    public required long Iteration { get; init; }

    /// <summary>The run's branch.</summary>
    public required uint Branch { get; init; }

    /// <summary>The run's seed.</summary>
    public ulong Seed => Spec.Seed;

    /// <summary>Hash of the state, by <see cref="StateHasher"/>.</summary>
    public required string StateSha256 { get; init; }

    /// <summary>When it was committed.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>The state's sections, in canonical order.</summary>
    public required IReadOnlyList<SnapshotSection> Sections { get; init; }

    /// <summary>The files that hold them.</summary>
    public required IReadOnlyList<SnapshotSlice> Slices { get; init; }

    /// <summary>Metrics of its averaged generator, as far as they are known.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>The fingerprint under which the state came about.</summary>
    public required NumericsFingerprint Numerics { get; init; }

    /// <summary>The run's spec.</summary>
    public required RunSpec Spec { get; init; }

    /// <summary>The image count as a type.</summary>
    [JsonIgnore]
    public ImageCount At => new(ImageCount);

    /// <summary>The manifest as indented JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, SnapshotJsonContext.Default.SnapshotManifest);

    /// <summary>Reads and checks a manifest.</summary>
    /// <param name="json">The file's bytes.</param>
    /// <exception cref="SnapshotDamagedException">It is no manifest, of a newer format, or its slices do not add up.</exception>
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
            throw new SnapshotDamagedException($"its manifest has format {manifest.Format}, this version reads up to {CurrentFormat}");
        SnapshotLayout.Require(manifest.Sections, manifest.Slices);
        return manifest;
    }
}
