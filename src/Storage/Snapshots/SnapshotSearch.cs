namespace Atelier.Storage.Snapshots;

/// <summary>The newest whole snapshot and the newer ones that were refused.</summary>
/// <param name="Snapshot">The snapshot, open; null where there is no whole one.</param>
/// <param name="Refused">The refused ones, newest first.</param>
public sealed record SnapshotSearch(OpenSnapshot? Snapshot, IReadOnlyList<RefusedSnapshot> Refused);
