namespace Atelier.Core.Fleet.Snapshots;

/// <summary>One writer's part of a snapshot.</summary>
/// <param name="Writer">The worker.</param>
/// <param name="Incarnation">Its process.</param>
/// <param name="Status">How far it is.</param>
/// <param name="SizeBytes">Size of the slice; 0 until it is durable.</param>
/// <param name="Sha256">Its SHA-256, in hexadecimal; empty until it is durable.</param>
/// <param name="StateSha256">SHA-256 of the whole state, as the writer has it; empty until the slice is durable.</param>
/// <param name="Error">Why it failed; null otherwise.</param>
public sealed record SnapshotSlice(
    WorkerId Writer, long Incarnation, SliceStatus Status = SliceStatus.Pending, long SizeBytes = 0, string Sha256 = "", string StateSha256 = "", string? Error = null);
