namespace Atelier.Storage.Snapshots;

/// <summary>The range of a section that a slice holds, as the tensor of the section's name in the slice's file.</summary>
/// <param name="Section">The section's name.</param>
/// <param name="First">First element.</param>
/// <param name="Elements">Number of elements.</param>
public sealed record SnapshotPart(string Section, long First, long Elements);
