namespace Orleans.Runtime;

/// <summary>A text that identifies a grain among those of its type, or a grain type.</summary>
public readonly struct IdSpan : IEquatable<IdSpan>
{
    private readonly string? _text;

    private IdSpan(string text) => _text = text;

    /// <summary>Makes one of a text.</summary>
    public static IdSpan Create(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return new(id);
    }

    /// <inheritdoc/>
    public bool Equals(IdSpan obj) => string.Equals(_text, obj._text, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is IdSpan other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => string.GetHashCode(_text, StringComparison.Ordinal);

    /// <summary>The text.</summary>
    public override string ToString() => _text ?? "";

    /// <summary>Whether the texts are the same.</summary>
    public static bool operator ==(IdSpan left, IdSpan right) => left.Equals(right);

    /// <summary>Whether the texts differ.</summary>
    public static bool operator !=(IdSpan left, IdSpan right) => !left.Equals(right);
}
