using System.Security.Cryptography;
using Atelier.Core.Runs;
using Atelier.Storage.Blobs;
using Atelier.Storage.Safetensors;

namespace Atelier.Storage.Snapshots;

/// <summary>The snapshots of a run, under `snapshots/` in its folder: a folder each, with slices and a manifest.</summary>
/// <param name="time">The clock for creation times.</param>
public sealed class SnapshotStore(IBlobStore blobs, TimeProvider time)
{
    internal const string ManifestFile = "manifest.json";

    private const string Root = "snapshots/";

    /// <summary>The folder of a snapshot, relative to the run's.</summary>
    public static string FolderOf(SnapshotName name) => $"{Root}{name}";

    public SnapshotWriter Begin(SnapshotContent content) => Begin(content, Guid.NewGuid().ToString("N")[..8]);

    /// <summary>Takes part in writing a snapshot: its writers, and the process that commits it, name the same attempt.</summary>
    /// <param name="attempt">Letters and digits that no other attempt of the run has.</param>
    public SnapshotWriter Begin(SnapshotContent content, string attempt)
    {
        ArgumentNullException.ThrowIfNull(content);
        return new(blobs, time, FolderOf(new(content.Branch, content.At)) + "/", content, attempt);
    }

    /// <summary>Writes a whole snapshot from one process; a failing store is a result, not an exception.</summary>
    /// <param name="slices">The parts of each slice; slices are written one after the other.</param>
    public async Task<SnapshotWriteResult> WriteAsync(
        SnapshotContent content, IReadOnlyList<IReadOnlyList<SnapshotPartData>> slices, CancellationToken cancellationToken)
    {
        var attempt = Begin(content);
        try
        {
            var written = new List<SnapshotSlice>();
            foreach (var parts in slices) written.Add(await attempt.WriteSliceAsync(written.Count, parts, cancellationToken));
            return new SnapshotWriteResult.Written(attempt.Name, await attempt.CommitAsync(written, cancellationToken));
        }
        catch (Exception error)
        {
            await AbandonQuietlyAsync(attempt);
            if (error is not (IOException or UnauthorizedAccessException)) throw;
            var isDiskFull = DiskFull.Is(error);
            return new SnapshotWriteResult.Failed(attempt.Name, isDiskFull ? $"the disk is full ({error.Message})" : error.Message, isDiskFull);
        }
    }

    /// <summary>All snapshots, oldest first. Sizes are checked, hashes are not.</summary>
    public async Task<IReadOnlyList<SnapshotEntry>> ListAsync(CancellationToken cancellationToken)
    {
        var entries = new List<SnapshotEntry>();
        foreach (var name in await NamesAsync(cancellationToken))
        {
            SnapshotManifest? manifest = null;
            try
            {
                manifest = await ReadManifestAsync(name, cancellationToken);
                foreach (var slice in manifest.Slices) await using (await OpenSliceAsync(name, slice, cancellationToken)) { }
                entries.Add(new(name, manifest, null));
            }
            catch (SnapshotDamagedException damage)
            {
                entries.Add(new(name, manifest, damage.Message));
            }
        }

        return entries;
    }

    /// <summary>Opens the newest snapshot whose every byte is as it was written.</summary>
    public async Task<SnapshotSearch> OpenNewestAsync(CancellationToken cancellationToken)
    {
        var refused = new List<RefusedSnapshot>();
        foreach (var name in (await NamesAsync(cancellationToken)).Reverse())
        {
            try
            {
                return new(await OpenAsync(name, cancellationToken), refused);
            }
            catch (SnapshotDamagedException damage)
            {
                refused.Add(new(name, damage.Message));
            }
        }

        return new(null, refused);
    }

    /// <summary>Opens a snapshot after checking the size and SHA-256 of every slice.</summary>
    /// <exception cref="SnapshotDamagedException">It is not whole.</exception>
    /// <exception cref="IOException">The store cannot be read now; the snapshot may well be whole.</exception>
    public async Task<OpenSnapshot> OpenAsync(SnapshotName name, CancellationToken cancellationToken)
    {
        var manifest = await ReadManifestAsync(name, cancellationToken);
        var readers = new Dictionary<SnapshotSlice, SafetensorsReader>();
        try
        {
            foreach (var slice in manifest.Slices)
                readers.Add(slice, await OpenVerifiedAsync(name, manifest, slice, cancellationToken));
            return new(name, manifest, readers);
        }
        catch
        {
            foreach (var reader in readers.Values) reader.Dispose();
            throw;
        }
    }

    /// <summary>Records a metric in a snapshot's manifest; the state and its hash stay as they are.</summary>
    /// <param name="cancellationToken">Stops before the manifest is replaced.</param>
    /// <exception cref="SnapshotDamagedException">There is no such snapshot.</exception>
    public async Task RecordMetricAsync(SnapshotName name, string metric, double value, CancellationToken cancellationToken)
    {
        var manifest = await ReadManifestAsync(name, cancellationToken);
        var json = (manifest with { Metrics = new Dictionary<string, double>(manifest.Metrics) { [metric] = value } }).ToJson();
        await blobs.PutAsync(ManifestOf(name), async (stream, token) => await stream.WriteAsync(json, token), cancellationToken);
    }

    /// <summary>Snapshots and their values of a metric, for policies; those that are plainly damaged are left out.</summary>
    /// <param name="metric">The metric's name; null for none.</param>
    public async Task<IReadOnlyDictionary<SnapshotFacts, SnapshotName>> FactsAsync(string? metric, CancellationToken cancellationToken) =>
        (await ListAsync(cancellationToken)).Where(entry => entry.Damage is null)
            .ToDictionary(entry => new SnapshotFacts(entry.Name.ToString(), entry.Name.At, MetricOf(entry.Manifest!, metric), entry.Name.Branch), entry => entry.Name);

    /// <summary>Begins a branch with a snapshot: the same state under the branch's number, which makes it the newest one.</summary>
    /// <param name="cancellationToken">Stops before the new one exists.</param>
    /// <exception cref="SnapshotDamagedException">There is no such snapshot.</exception>
    public async Task<SnapshotManifest> BranchAsync(SnapshotName name, uint branch, CancellationToken cancellationToken)
    {
        var manifest = await ReadManifestAsync(name, cancellationToken) with { Branch = branch };
        var begun = new SnapshotName(branch, name.At);
        foreach (var slice in manifest.Slices)
        {
            await using var source = await OpenSliceAsync(name, slice, cancellationToken);
            await blobs.PutAsync(SliceOf(begun, slice), (stream, token) => source.CopyToAsync(stream, token), cancellationToken);
        }

        await blobs.PutAsync(ManifestOf(begun), async (stream, token) => await stream.WriteAsync(manifest.ToJson(), token), cancellationToken);
        return manifest;
    }

    /// <summary>Deletes the snapshots that a policy does not keep. Damaged ones are neither counted nor deleted.</summary>
    /// <param name="metric">The metric by which snapshots are good; null for none.</param>
    /// <param name="cancellationToken">Stops between two snapshots.</param>
    /// <param name="protects">Which ones are kept whatever the policy says; null for none.</param>
    /// <returns>The deleted ones, oldest first.</returns>
    public async Task<IReadOnlyList<SnapshotName>> RetainAsync(
        RetentionPolicy policy, string? metric, CancellationToken cancellationToken, Func<SnapshotName, bool>? protects = null)
    {
        ArgumentNullException.ThrowIfNull(policy);
        var facts = await FactsAsync(metric, cancellationToken);
        var deleted = policy.ToDelete(facts.Keys).Select(snapshot => facts[snapshot]).Where(name => protects?.Invoke(name) != true).ToList();
        foreach (var name in deleted) await DeleteAsync(name, cancellationToken);
        return deleted;
    }

    public async Task DeleteAsync(SnapshotName name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        // Without its manifest the snapshot is gone at once; a crash in between leaves files for CleanAsync.
        await blobs.DeleteAsync(ManifestOf(name), cancellationToken);
        foreach (var blob in await blobs.ListAsync(FolderOf(name) + "/", cancellationToken)) await blobs.DeleteAsync(blob, cancellationToken);
    }

    /// <summary>Deletes what interrupted writers left behind. Only while nothing writes snapshots of this run.</summary>
    public async Task CleanAsync(CancellationToken cancellationToken)
    {
        await blobs.SweepAsync(Root, cancellationToken);
        var kept = new HashSet<string>();
        foreach (var entry in await ListAsync(cancellationToken))
        {
            // Nothing is known about the files of an unreadable manifest; a person may still be able to rescue them.
            if (entry.Manifest is { } manifest) kept.UnionWith(manifest.Slices.Select(slice => SliceOf(entry.Name, slice)).Append(ManifestOf(entry.Name)));
            else kept.UnionWith(await blobs.ListAsync(FolderOf(entry.Name) + "/", cancellationToken));
        }

        foreach (var blob in await blobs.ListAsync(Root, cancellationToken))
            if (SnapshotOf(blob) is not null && !kept.Contains(blob)) await blobs.DeleteAsync(blob, cancellationToken);
    }

    private static double? MetricOf(SnapshotManifest manifest, string? metric) =>
        metric is not null && manifest.Metrics.TryGetValue(metric, out var value) ? value : null;

    private static string ManifestOf(SnapshotName name) => $"{FolderOf(name)}/{ManifestFile}";

    private static string SliceOf(SnapshotName name, SnapshotSlice slice) => $"{FolderOf(name)}/{slice.File}";

    /// <summary>The snapshot in whose folder a blob lies; null for anything that is not ours.</summary>
    private static SnapshotName? SnapshotOf(string blob) =>
        blob.Split('/') is [_, var folder, _] ? SnapshotName.TryParse(folder) : null;

    private static async Task AbandonQuietlyAsync(SnapshotWriter attempt)
    {
        try
        {
            await attempt.AbandonAsync(CancellationToken.None);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The store fails altogether; CleanAsync deletes the rest at the next start.
        }
    }

    /// <summary>Snapshots that have a manifest, oldest first.</summary>
    private async Task<IReadOnlyList<SnapshotName>> NamesAsync(CancellationToken cancellationToken) =>
        [.. (await blobs.ListAsync(Root, cancellationToken))
            .Where(blob => blob.EndsWith("/" + ManifestFile, StringComparison.Ordinal))
            .Select(SnapshotOf).OfType<SnapshotName>().Order()];

    private async Task<SnapshotManifest> ReadManifestAsync(SnapshotName name, CancellationToken cancellationToken)
    {
        try
        {
            var manifest = await SnapshotManifest.ReadAsync(blobs, ManifestOf(name), cancellationToken);
            return (manifest.Branch, manifest.At) == (name.Branch, name.At)
                ? manifest
                : throw new SnapshotDamagedException($"its manifest belongs to {new SnapshotName(manifest.Branch, manifest.At)}");
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SnapshotDamagedException("its manifest is missing", error);
        }
    }

    /// <summary>Opens a slice of the right size.</summary>
    private async Task<Stream> OpenSliceAsync(SnapshotName name, SnapshotSlice slice, CancellationToken cancellationToken)
    {
        Stream stream;
        try
        {
            stream = await blobs.OpenReadAsync(SliceOf(name, slice), cancellationToken);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SnapshotDamagedException($"{slice.File} is missing", error);
        }

        if (stream.Length == slice.Bytes) return stream;
        var found = stream.Length;
        await stream.DisposeAsync();
        throw new SnapshotDamagedException($"{slice.File} has {found} bytes, but its manifest says {slice.Bytes}");
    }

    /// <summary>Opens a slice after checking its hash, and that it holds what the manifest says.</summary>
    private async Task<SafetensorsReader> OpenVerifiedAsync(
        SnapshotName name, SnapshotManifest manifest, SnapshotSlice slice, CancellationToken cancellationToken)
    {
        var stream = await OpenSliceAsync(name, slice, cancellationToken);
        try
        {
            var sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
            if (sha256 != slice.Sha256) throw new SnapshotDamagedException($"{slice.File} is not as it was written: its SHA-256 differs");
            var reader = new SafetensorsReader(stream, slice.File);
            foreach (var part in slice.Parts)
            {
                var entry = reader[part.Section];
                if (entry.Elements != part.Elements || entry.Dtype != manifest.Sections.First(section => section.Name == part.Section).Dtype)
                    throw new SnapshotDamagedException($"`{part.Section}` in {slice.File} is not what the manifest says");
            }

            return reader;
        }
        catch (Exception error)
        {
            await stream.DisposeAsync();
            // A store that fails says nothing about the snapshot.
            if (error is SnapshotDamagedException or OperationCanceledException or IOException or UnauthorizedAccessException) throw;
            throw new SnapshotDamagedException($"{slice.File} cannot be read ({error.Message})", error);
        }
    }
}
