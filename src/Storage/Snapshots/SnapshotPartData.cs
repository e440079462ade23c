namespace Atelier.Storage.Snapshots;

/// <summary>A range of a section, about to be written.</summary>
/// <param name="Section">The section.</param>
/// <param name="First">First element.</param>
/// <param name="Elements">Number of elements.</param>
/// <param name="WriteTo">Writes exactly the bytes of the range, little-endian.</param>
public sealed record SnapshotPartData(SnapshotSection Section, long First, long Elements, Action<Stream> WriteTo)
{
    /// <summary>A whole section.</summary>
    /// <param name="section">The section.</param>
    /// <param name="writeTo">Writes its bytes.</param>
    public static SnapshotPartData Whole(SnapshotSection section, Action<Stream> writeTo)
    {
        ArgumentNullException.ThrowIfNull(section);
        return new(section, 0, section.Elements, writeTo);
    }
}
