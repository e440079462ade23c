using Atelier.Training.Randomness;

namespace Atelier.Training.Step;

/// <summary>What a shard's phase is computed from, besides the state.</summary>
/// <param name="Real">The shard's real images and labels.</param>
/// <param name="Draws">The shard's random draws.</param>
public sealed record ShardInputs(RealShard Real, IShardDraws Draws);
