namespace Atelier.Core.Fleet;

/// <summary>A worker's place in a generation; ranges of shards follow the ranks.</summary>
/// <param name="Index">From 0 up to, not including, the number of workers.</param>
public readonly record struct Rank(int Index)
{
    /// <inheritdoc/>
    public override string ToString() => $"rank {Index}";
}
