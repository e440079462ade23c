namespace Atelier.Core.Fleet;

/// <summary>
/// Which state a worker holds. Within a lineage, equal positions mean equal bits. When copies disagree and nobody can
/// say who is right, all go back to a snapshot and begin the next lineage; what an older lineage computed counts no more.
/// </summary>
/// <param name="Lineage">How often the run has gone back to a snapshot; orders before the position.</param>
/// <param name="Position">How far the state has come.</param>
public readonly record struct StateVersion(int Lineage, Position Position) : IComparable<StateVersion>
{
    /// <inheritdoc/>
    public int CompareTo(StateVersion other) =>
        Lineage != other.Lineage ? Lineage.CompareTo(other.Lineage) : Position.CompareTo(other.Position);

    /// <summary>Lower than.</summary>
    public static bool operator <(StateVersion left, StateVersion right) => left.CompareTo(right) < 0;

    /// <summary>Higher than.</summary>
    public static bool operator >(StateVersion left, StateVersion right) => left.CompareTo(right) > 0;

    /// <summary>Not higher than.</summary>
    public static bool operator <=(StateVersion left, StateVersion right) => left.CompareTo(right) <= 0;

    /// <summary>Not lower than.</summary>
    public static bool operator >=(StateVersion left, StateVersion right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public override string ToString() => Lineage == 0 ? $"{Position}" : $"{Position} (lineage {Lineage})";
}
