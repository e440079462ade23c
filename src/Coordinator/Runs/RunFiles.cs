namespace Atelier.Coordinator.Runs;

/// <summary>What a coordinator writes into the folders of runs, besides snapshots.</summary>
/// <param name="WritesEvents">Whether events go into `events.jsonl`; false where whoever started the coordinator does that.</param>
public sealed record RunFiles(bool WritesEvents);
