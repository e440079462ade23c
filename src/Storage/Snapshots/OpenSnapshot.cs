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

    /// <summary>Its name.</summary>
    public SnapshotName Name { get; }

    /// <summary>Its manifest.</summary>
    public SnapshotManifest Manifest { get; }

    /// <summary>The section of a name.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="SnapshotDamagedException">There is none.</exception>
    public SnapshotSection this[string name] =>
        Manifest.Sections.FirstOrDefault(section => section.Name == name) ?? throw new SnapshotDamagedException($"it has no section `{name}`");

    /// <summary>Whether it has a section of a name: one that a newer version writes may be missing.</summary>
    /// <param name="name">The name.</param>
    public bool Has(string name) => Manifest.Sections.Any(section => section.Name == name);

    /// <summary>Reads a range of a section's bytes, from as many slices as hold it.</summary>
    /// <param name="section">A section of this snapshot.</param>
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

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var reader in _readers.Values) reader.Dispose();
    }
}
