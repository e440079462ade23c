namespace Orleans.Runtime;

/// <summary>What kind of grain: by default the class's name in lower case without <c>Grain</c> at its end.</summary>
public readonly struct GrainType : IEquatable<GrainType>
{
    private readonly IdSpan _value;

    private GrainType(IdSpan value) => _value = value;

    /// <summary>Makes one of its name.</summary>
    public static GrainType Create(string value) => new(IdSpan.Create(value));

    /// <inheritdoc/>
    public bool Equals(GrainType obj) => _value == obj._value;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is GrainType other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _value.GetHashCode();

    /// <summary>The name.</summary>
    public override string ToString() => _value.ToString();

    /// <summary>Whether the names are the same.</summary>
    public static bool operator ==(GrainType left, GrainType right) => left.Equals(right);

    /// <summary>Whether the names differ.</summary>
    public static bool operator !=(GrainType left, GrainType right) => !left.Equals(right);
}
