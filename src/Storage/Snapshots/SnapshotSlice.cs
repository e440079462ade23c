namespace Atelier.Storage.Snapshots;

/// <summary>A durable file with a part of a state.</summary>
/// <param name="File">Its name within the snapshot's folder.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Its hash, in lower-case hexadecimal.</param>
/// <param name="Parts">What it holds.</param>
public sealed record SnapshotSlice(string File, long Bytes, string Sha256, IReadOnlyList<SnapshotPart> Parts);
