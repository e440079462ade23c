using Atelier.Storage.Safetensors;

namespace Atelier.Storage.Snapshots;

/// <summary>A verified snapshot, open for reading. Sections read as one whatever the slices.</summary>
public sealed class OpenSnapshot : IDisposable
{
    private readonly Dictionary<SnapshotSlice, SafetensorsReader> _readers;

    internal OpenSnapshot(SnapshotName name, SnapshotManifest manifest, Dictionary<SnapshotSlice, SafetensorsReader> readers)
    {
        Name = name;
        Manifest = manifest;
        _readers = readers;
    }

    public SnapshotName Name { get; }

    public SnapshotManifest Manifest { get; }

    /// <exception cref="SnapshotDamagedException">There is none.</exception>
    public SnapshotSection this[string name] =>
        Manifest.Sections.FirstOrDefault(section => section.Name == name) ?? throw new SnapshotDamagedException($"it has no section `{name}`");

    /// <summary>Whether it has a section of a name: one that a newer version writes may be missing.</summary>
    public bool Has(string name) => Manifest.Sections.Any(section => section.Name == name);

    /// <summary>Reads a range of a section's bytes, from as many slices as hold it.</summary>
    /// <param name="firstByte">Where to begin, from the section's first byte.</param>
    /// <param name="destination">Filled wholly.</param>
    public void Read(SnapshotSection section, long firstByte, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(section);
        ArgumentOutOfRangeException.ThrowIfNegative(firstByte);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(destination.Length, section.Bytes - firstByte);
        var elementBytes = section.Dtype.ElementBytes();
        foreach (var (slice, reader) in _readers)
        {
            if (slice.Parts.FirstOrDefault(part => part.Section == section.Name) is not { } part) continue;
            var partStart = part.First * elementBytes;
            var begin = Math.Max(firstByte, partStart);
            var end = Math.Min(firstByte + destination.Length, partStart + part.Elements * elementBytes);
            if (begin < end)
                reader.Read(reader[section.Name], begin - partStart, destination[(int)(begin - firstByte)..(int)(end - firstByte)]);
        }
    }

    public void Dispose()
    {
        foreach (var reader in _readers.Values) reader.Dispose();
    }
}

/// <summary>A snapshot as a listing finds it.</summary>
/// <param name="Manifest">Its manifest; null where that cannot be read.</param>
/// <param name="Damage">What is plainly wrong with it (hashes are not checked); null for nothing.</param>
public sealed record SnapshotEntry(SnapshotName Name, SnapshotManifest? Manifest, string? Damage);

/// <summary>The newest whole snapshot and the newer ones that were refused.</summary>
/// <param name="Snapshot">The snapshot, open; null where there is no whole one.</param>
/// <param name="Refused">The refused ones, newest first.</param>
public sealed record SnapshotSearch(OpenSnapshot? Snapshot, IReadOnlyList<RefusedSnapshot> Refused);

/// <summary>A snapshot that was not used.</summary>
public sealed record RefusedSnapshot(SnapshotName Name, string Reason);

/// <summary>A snapshot cannot be used. The message is a clause that completes "snapshot X refused: …".</summary>
public sealed class SnapshotDamagedException : UserErrorException
{
    public SnapshotDamagedException()
    {
    }

    /// <param name="message">A clause such as "slice-00 is missing".</param>
    public SnapshotDamagedException(string message) : base(message)
    {
    }

    /// <param name="message">A clause such as "slice-00 is missing".</param>
    public SnapshotDamagedException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
