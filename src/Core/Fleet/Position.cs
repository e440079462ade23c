using System.Text.Json.Serialization;

namespace Atelier.Core.Fleet;

/// <summary>How far a state has come: whole iterations, and phases of the next one.</summary>
/// <param name="Iteration">Iterations done.</param>
/// <param name="Phase">Phases of the iteration under way that are applied; after its last one the position is (Iteration + 1, 0).</param>
public readonly record struct Position(long Iteration, int Phase) : IComparable<Position>
{
    /// <summary>The initial state, which every worker computes from the seed.</summary>
    public static Position Start => default;

    /// <summary>Whether no iteration is under way. Snapshots are taken here only.</summary>
    [JsonIgnore]
    public bool IsBetweenIterations => Phase == 0;

    /// <summary>The first position between iterations that is not before this one.</summary>
    [JsonIgnore]
    public Position NextBetweenIterations => IsBetweenIterations ? this : new(Iteration + 1, 0);

    /// <inheritdoc/>
    public int CompareTo(Position other) =>
        Iteration != other.Iteration ? Iteration.CompareTo(other.Iteration) : Phase.CompareTo(other.Phase);

    /// <summary>Lower than.</summary>
    public static bool operator <(Position left, Position right) => left.CompareTo(right) < 0;

    /// <summary>Higher than.</summary>
    public static bool operator >(Position left, Position right) => left.CompareTo(right) > 0;

    /// <summary>Not higher than.</summary>
    public static bool operator <=(Position left, Position right) => left.CompareTo(right) <= 0;

    /// <summary>Not lower than.</summary>
    public static bool operator >=(Position left, Position right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public override string ToString() => IsBetweenIterations ? $"iteration {Iteration}" : $"iteration {Iteration}, {Phase} phase(s) in";
}
