using Orleans;

namespace Atelier.Coordinator.Runs;

// What goes between a run's grain and those who call it.

/// <summary>How writing a slice went.</summary>
/// <param name="Worker">Who wrote.</param>
/// <param name="Incarnation">Its process.</param>
/// <param name="Attempt">Number of the attempt.</param>
/// <param name="SizeBytes">Size of the slice.</param>
/// <param name="Sha256">Its hash.</param>
/// <param name="StateSha256">Hash of the whole state, as the writer has it.</param>
/// <param name="Error">Why it failed; empty for a slice that is durable.</param>
/// <param name="Json">A <see cref="Storage.Snapshots.WrittenSlice"/>.</param>
[GenerateSerializer]
public sealed record SliceNote(string Worker, long Incarnation, long Attempt, long SizeBytes, string Sha256, string StateSha256, string Error, string Json);

/// <summary>Where a run stands.</summary>
/// <param name="Generation">Number of the last generation.</param>
/// <param name="Iteration">Iterations done, as far as was reported.</param>
/// <param name="TargetIteration">Iterations in all.</param>
/// <param name="Images">Images shown.</param>
/// <param name="ImagesPerSecond">Over the last seconds; 0 while it does not run.</param>
/// <param name="Workers">Its workers in rank order, while it has any.</param>
/// <param name="SnapshotImages">Image count of the newest snapshot; null before the first.</param>
/// <param name="Reason">What the present stage is for.</param>
[GenerateSerializer]
public sealed record RunFacts(
    long Generation, long Iteration, long TargetIteration, long Images, double ImagesPerSecond, List<string> Workers, long? SnapshotImages, string Reason);

/// <summary>An event.</summary>
/// <param name="Number">Rises by one.</param>
/// <param name="AtUnixMs">When.</param>
/// <param name="Json">As a line of `events.jsonl`, or of `stats.jsonl` for a tick.</param>
/// <param name="Text">For people.</param>
[GenerateSerializer, Immutable]
public sealed record EventRow(long Number, long AtUnixMs, string Json, string Text);

/// <summary>A line of a worker's log.</summary>
/// <param name="Number">Rises by one.</param>
/// <param name="AtUnixMs">When it came.</param>
/// <param name="Worker">Whose.</param>
/// <param name="Text">The line.</param>
[GenerateSerializer, Immutable]
public sealed record LogRow(long Number, long AtUnixMs, string Worker, string Text);
