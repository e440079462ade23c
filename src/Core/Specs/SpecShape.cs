namespace Atelier.Core.Specs;

/// <summary>The JSON values that a key accepts, as far as a schema can say; parsing decides the rest.</summary>
/// <param name="Kind">Their type.</param>
public sealed record SpecShape(SpecShapeKind Kind)
{
    /// <summary>The smallest number; null for any.</summary>
    public double? Minimum { get; init; }

    /// <summary>Whether the smallest number itself is not accepted.</summary>
    public bool ExcludesMinimum { get; init; }

    /// <summary>The largest number; null for any.</summary>
    public double? Maximum { get; init; }

    /// <summary>Whether the largest number itself is not accepted.</summary>
    public bool ExcludesMaximum { get; init; }

    /// <summary>The only texts that are accepted; empty for any.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>A regular expression for texts, or for the names of a list; null for any.</summary>
    public string? Pattern { get; init; }

    /// <summary>Whether null stands for the absence of a value.</summary>
    public bool IsNullable { get; init; }
}

/// <summary>Types of JSON values of spec keys.</summary>
public enum SpecShapeKind
{
    Flag,
    Integer,
    Number,
    Text,

    /// <summary>A list of names.</summary>
    Names,

    /// <summary>A whole number, or a text such as 512x384 or 1g.</summary>
    IntegerOrText,
}
