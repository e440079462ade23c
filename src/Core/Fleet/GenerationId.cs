namespace Atelier.Core.Fleet;

/// <summary>One membership of a run: workers, ranks, shard ranges. Numbers rise within a run and are never used twice.</summary>
/// <param name="Number">0 before the first generation.</param>
public readonly record struct GenerationId(long Number) : IComparable<GenerationId>
{
    /// <summary>The generation that follows.</summary>
    public GenerationId Next() => new(checked(Number + 1));

    /// <inheritdoc/>
    public int CompareTo(GenerationId other) => Number.CompareTo(other.Number);

    /// <summary>Lower than.</summary>
    public static bool operator <(GenerationId left, GenerationId right) => left.CompareTo(right) < 0;

    /// <summary>Higher than.</summary>
    public static bool operator >(GenerationId left, GenerationId right) => left.CompareTo(right) > 0;

    /// <summary>Not higher than.</summary>
    public static bool operator <=(GenerationId left, GenerationId right) => left.CompareTo(right) <= 0;

    /// <summary>Not lower than.</summary>
    public static bool operator >=(GenerationId left, GenerationId right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public override string ToString() => $"generation {Number}";
}
