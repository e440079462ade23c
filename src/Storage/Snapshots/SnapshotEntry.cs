namespace Atelier.Storage.Snapshots;

/// <summary>A snapshot as a listing finds it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Manifest">Its manifest; null where that cannot be read.</param>
/// <param name="Damage">What is plainly wrong with it (hashes are not checked); null for nothing.</param>
public sealed record SnapshotEntry(SnapshotName Name, SnapshotManifest? Manifest, string? Damage);
