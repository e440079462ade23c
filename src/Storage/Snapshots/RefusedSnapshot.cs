namespace Atelier.Storage.Snapshots;

/// <summary>A snapshot that was not used.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Reason">What is wrong with it.</param>
public sealed record RefusedSnapshot(SnapshotName Name, string Reason);
