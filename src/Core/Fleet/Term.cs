namespace Atelier.Core.Fleet;

/// <summary>Whose word counts: a coordinator that takes over gets a higher term, and workers refuse orders of a lower one.</summary>
/// <param name="Number">Rises with every coordinator that takes over; 0 before the first.</param>
public readonly record struct Term(long Number) : IComparable<Term>
{
    /// <summary>The term of the next coordinator.</summary>
    public Term Next() => new(checked(Number + 1));

    /// <inheritdoc/>
    public int CompareTo(Term other) => Number.CompareTo(other.Number);

    /// <summary>Lower than.</summary>
    public static bool operator <(Term left, Term right) => left.CompareTo(right) < 0;

    /// <summary>Higher than.</summary>
    public static bool operator >(Term left, Term right) => left.CompareTo(right) > 0;

    /// <summary>Not higher than.</summary>
    public static bool operator <=(Term left, Term right) => left.CompareTo(right) <= 0;

    /// <summary>Not lower than.</summary>
    public static bool operator >=(Term left, Term right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public override string ToString() => $"term {Number}";
}
