namespace Atelier.Core.Fleet.Generations;

/// <summary>A digest that other workers' digests have to equal: of the whole state, or of one shard that two workers computed.</summary>
/// <param name="Worker">Who reports.</param>
/// <param name="Version">The state it is about: the state itself, or the one that the shard was computed from.</param>
/// <param name="Shard">The shard that two workers computed; null for the state.</param>
/// <param name="Digest">SHA-256, in hexadecimal.</param>
public sealed record CheckReport(WorkerId Worker, StateVersion Version, int? Shard, string Digest);
