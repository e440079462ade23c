using Atelier.Core.Sharding;

namespace Atelier.Core.Fleet.Generations;

/// <summary>A worker's part in a generation.</summary>
/// <param name="Worker">The worker.</param>
/// <param name="Incarnation">Its process.</param>
/// <param name="Rank">Its rank.</param>
/// <param name="Shards">The shards that it computes.</param>
public sealed record GenerationMember(WorkerId Worker, long Incarnation, Rank Rank, ShardRange Shards);
