using System.Text.Json;
using System.Text.Json.Serialization;
using Atelier.Core.Runs;
using Atelier.Core.Specs;
using Atelier.Storage.Blobs;
using Atelier.Storage.Safetensors;

namespace Atelier.Storage.Snapshots;

/// <summary>
/// Writing one snapshot: slices first, from any number of writers, the manifest last. Until it is committed there is no
/// snapshot; one of the same name that is there already stays whole until then.
/// </summary>
public sealed class SnapshotWriter
{
    private readonly IBlobStore _blobs;
    private readonly TimeProvider _time;
    private readonly string _folder;

    /// <summary>Keeps the files of this attempt apart from those of a committed or abandoned one of the same name.</summary>
    private readonly string _id;

    internal SnapshotWriter(IBlobStore blobs, TimeProvider time, string folder, SnapshotContent content, string id)
    {
        (_blobs, _time, _folder, Content, _id) = (blobs, time, folder, content, id);
        Name = new(content.Branch, content.At);
    }

    public SnapshotName Name { get; }

    public SnapshotContent Content { get; }

    /// <summary>Writes one slice. Slices of different indices may be written at the same time.</summary>
    /// <param name="parts">What goes into it, at most one range of each section.</param>
    /// <param name="cancellationToken">Stops before the slice is durable.</param>
    /// <returns>The durable slice, to be committed.</returns>
    public async Task<SnapshotSlice> WriteSliceAsync(int index, IReadOnlyList<SnapshotPartData> parts, CancellationToken cancellationToken)
    {
        var file = $"slice-{index:D2}{FileSuffix}";
        var tensors = parts
            .Select(part => new SafetensorsTensor(part.Section.Name, part.Section.Dtype, [part.Elements], part.WriteTo)).ToList();
        var (bytes, sha256) = (0L, "");
        await _blobs.PutAsync(
            _folder + file,
            (stream, _) =>
            {
                using var hashing = new HashingStream(stream, hash: true);
                SafetensorsWriter.Write(hashing, tensors);
                (bytes, sha256) = (hashing.BytesWritten, hashing.Sha256());
                return Task.CompletedTask;
            },
            cancellationToken);
        return new(file, bytes, sha256, [.. parts.Select(part => new SnapshotPart(part.Section.Name, part.First, part.Elements))]);
    }

    /// <summary>Makes the snapshot exist, and deletes what an earlier one of the same name consisted of.</summary>
    /// <param name="slices">All slices, in any order.</param>
    /// <param name="cancellationToken">Stops before the manifest is durable.</param>
    /// <exception cref="SnapshotDamagedException">The slices do not hold every element of the state once, or one is not there any more.</exception>
    public async Task<SnapshotManifest> CommitAsync(IEnumerable<SnapshotSlice> slices, CancellationToken cancellationToken)
    {
        var manifest = new SnapshotManifest
        {
            Format = SnapshotManifest.CurrentFormat,
            ImageCount = Content.At.Images,
            Iteration = Content.Iteration,
            Branch = Content.Branch,
            StateSha256 = Content.StateSha256,
            Created = _time.GetUtcNow(),
            Sections = Content.Sections,
            Slices = [.. slices.OrderBy(slice => slice.File, StringComparer.Ordinal)],
            Numerics = Content.Numerics,
            Spec = Content.Spec,
            TickSums = Content.TickSums,
        };
        SnapshotLayout.Require(manifest.Sections, manifest.Slices);
        foreach (var slice in manifest.Slices)
        {
            if (!await _blobs.ExistsAsync(_folder + slice.File, cancellationToken)) throw new SnapshotDamagedException($"{slice.File} no longer exists");
        }

        // Not all files that are there: another attempt of the same name may be under way.
        var former = await FormerFilesAsync(cancellationToken);
        var json = manifest.ToJson();
        await _blobs.PutAsync(
            _folder + SnapshotStore.ManifestFile, async (stream, token) => await stream.WriteAsync(json, token), cancellationToken);
        try
        {
            await DeleteAsync(file => former.Contains(file) && !manifest.Slices.Any(slice => slice.File == file), CancellationToken.None);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The snapshot is whole; CleanAsync deletes the rest at the next start.
        }

        return manifest;
    }

    /// <summary>Deletes the slices of this attempt, unless its manifest exists.</summary>
    /// <param name="cancellationToken">Stops deleting; <see cref="SnapshotStore.CleanAsync"/> does the rest later.</param>
    public async Task AbandonAsync(CancellationToken cancellationToken)
    {
        // A store may report an error after the manifest took its name: the snapshot then exists, and stays whole.
        if (!await IsNamedByManifestAsync(cancellationToken)) await DeleteAsync(file => file.EndsWith(FileSuffix, StringComparison.Ordinal), cancellationToken);
    }

    private string FileSuffix => $"-{_id}.safetensors";

    private async Task<bool> IsNamedByManifestAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await ManifestAsync(cancellationToken) is { } there && there.Slices.Any(slice => slice.File.EndsWith(FileSuffix, StringComparison.Ordinal));
        }
        catch (SnapshotDamagedException)
        {
            // Nobody can say whose it is; its files stay for a person.
            return true;
        }
    }

    /// <summary>The files of a snapshot of the same name that is there; none where nobody can say.</summary>
    private async Task<HashSet<string>> FormerFilesAsync(CancellationToken cancellationToken)
    {
        try
        {
            return [.. (await ManifestAsync(cancellationToken))?.Slices.Select(slice => slice.File) ?? []];
        }
        catch (SnapshotDamagedException)
        {
            return [];
        }
    }

    private async Task<SnapshotManifest?> ManifestAsync(CancellationToken cancellationToken) =>
        await _blobs.ExistsAsync(_folder + SnapshotStore.ManifestFile, cancellationToken)
            ? await SnapshotManifest.ReadAsync(_blobs, _folder + SnapshotStore.ManifestFile, cancellationToken) : null;

    private async Task DeleteAsync(Func<string, bool> which, CancellationToken cancellationToken)
    {
        foreach (var name in await _blobs.ListAsync(_folder, cancellationToken))
            if (which(name[_folder.Length..])) await _blobs.DeleteAsync(name, cancellationToken);
    }
}

/// <summary>What a snapshot says about the state in it.</summary>
/// <param name="At">Image count of the state.</param>
/// <param name="Sections">The state's sections, in canonical order.</param>
/// <param name="StateSha256">Hash of the state, by <see cref="StateHasher"/>.</param>
/// <param name="Numerics">The fingerprint under which the state came about.</param>
public sealed record SnapshotContent(
    ImageCount At, long Iteration, uint Branch, RunSpec Spec, IReadOnlyList<SnapshotSection> Sections,
    string StateSha256, NumericsFingerprint Numerics)
{
    /// <summary>What the tick that the state lies in has added up so far; null for nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public byte[]? TickSums { get; init; }
}

/// <summary>A range of a section, about to be written.</summary>
/// <param name="WriteTo">Writes exactly the bytes of the range, little-endian.</param>
public sealed record SnapshotPartData(SnapshotSection Section, long First, long Elements, Action<Stream> WriteTo)
{
    public static SnapshotPartData Whole(SnapshotSection section, Action<Stream> writeTo)
    {
        ArgumentNullException.ThrowIfNull(section);
        return new(section, 0, section.Elements, writeTo);
    }
}

/// <summary>What the writer of a slice reports to the process that commits the snapshot.</summary>
public sealed record WrittenSlice(SnapshotContent Content, SnapshotSlice Slice)
{
    public string ToJson() => JsonSerializer.Serialize(this, SnapshotJsonContext.Default.WrittenSlice);

    /// <exception cref="SnapshotDamagedException">It is not a note.</exception>
    public static WrittenSlice FromJson(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, SnapshotJsonContext.Default.WrittenSlice) ?? throw new JsonException("it is null");
        }
        catch (Exception error) when (error is JsonException or UserErrorException)
        {
            throw new SnapshotDamagedException($"a slice's note cannot be read ({error.Message})", error);
        }
    }
}

/// <summary>How writing a snapshot ended. Failure is a result, not an exception: training continues.</summary>
public abstract record SnapshotWriteResult(SnapshotName Name)
{
    /// <summary>It is whole and durable.</summary>
    public sealed record Written(SnapshotName Name, SnapshotManifest Manifest) : SnapshotWriteResult(Name);

    /// <summary>It could not be written and nothing of it is left; earlier ones are kept.</summary>
    public sealed record Failed(SnapshotName Name, string Reason, bool IsDiskFull) : SnapshotWriteResult(Name);
}
