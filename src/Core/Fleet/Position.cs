using System.Text.Json.Serialization;

namespace Atelier.Core.Fleet;

/// <summary>How far a state has come: whole iterations, and phases of the next one.</summary>
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

    public int CompareTo(Position other) =>
        Iteration != other.Iteration ? Iteration.CompareTo(other.Iteration) : Phase.CompareTo(other.Phase);

    public static bool operator <(Position left, Position right) => left.CompareTo(right) < 0;
    public static bool operator >(Position left, Position right) => left.CompareTo(right) > 0;
    public static bool operator <=(Position left, Position right) => left.CompareTo(right) <= 0;
    public static bool operator >=(Position left, Position right) => left.CompareTo(right) >= 0;

    public override string ToString() => IsBetweenIterations ? $"iteration {Iteration}" : $"iteration {Iteration}, {Counted.Of(Phase, "phase")} in";
}

/// <summary>
/// Which state a worker holds. Within a lineage, equal positions mean equal bits. When copies disagree and nobody can
/// say who is right, all go back to a snapshot and begin the next lineage; what an older lineage computed counts no more.
/// </summary>
/// <param name="Lineage">How often the run has gone back to a snapshot; orders before the position.</param>
/// <param name="Position">How far the state has come.</param>
public readonly record struct StateVersion(int Lineage, Position Position) : IComparable<StateVersion>
{
    public int CompareTo(StateVersion other) =>
        Lineage != other.Lineage ? Lineage.CompareTo(other.Lineage) : Position.CompareTo(other.Position);

    public static bool operator <(StateVersion left, StateVersion right) => left.CompareTo(right) < 0;
    public static bool operator >(StateVersion left, StateVersion right) => left.CompareTo(right) > 0;
    public static bool operator <=(StateVersion left, StateVersion right) => left.CompareTo(right) <= 0;
    public static bool operator >=(StateVersion left, StateVersion right) => left.CompareTo(right) >= 0;

    public override string ToString() => Lineage == 0 ? $"{Position}" : $"{Position} (lineage {Lineage})";
}

/// <summary>One membership of a run: workers, ranks, shard ranges. Numbers rise within a run and are never used twice.</summary>
/// <param name="Number">0 before the first generation.</param>
public readonly record struct GenerationId(long Number) : IComparable<GenerationId>
{
    public GenerationId Next() => new(checked(Number + 1));

    public int CompareTo(GenerationId other) => Number.CompareTo(other.Number);

    public static bool operator <(GenerationId left, GenerationId right) => left.CompareTo(right) < 0;
    public static bool operator >(GenerationId left, GenerationId right) => left.CompareTo(right) > 0;
    public static bool operator <=(GenerationId left, GenerationId right) => left.CompareTo(right) <= 0;
    public static bool operator >=(GenerationId left, GenerationId right) => left.CompareTo(right) >= 0;

    public override string ToString() => $"generation {Number}";
}

/// <summary>Whose word counts: an activation of a run's grain that takes over gets a higher epoch, and workers refuse orders of a lower one.</summary>
/// <param name="Number">Rises with every activation; 0 before the first.</param>
public readonly record struct Epoch(long Number) : IComparable<Epoch>
{
    public Epoch Next() => new(checked(Number + 1));

    public int CompareTo(Epoch other) => Number.CompareTo(other.Number);

    public static bool operator <(Epoch left, Epoch right) => left.CompareTo(right) < 0;
    public static bool operator >(Epoch left, Epoch right) => left.CompareTo(right) > 0;
    public static bool operator <=(Epoch left, Epoch right) => left.CompareTo(right) <= 0;
    public static bool operator >=(Epoch left, Epoch right) => left.CompareTo(right) >= 0;

    public override string ToString() => $"epoch {Number}";
}
