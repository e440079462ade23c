namespace Atelier.Core.Sharding;

/// <summary>The sum over the shards of one node of the <see cref="ReductionTree"/>, added in tree order.</summary>
/// <param name="Node">The node.</param>
/// <param name="Value">Its sum.</param>
public readonly record struct SubtreeSum<T>(ShardRange Node, T Value);
