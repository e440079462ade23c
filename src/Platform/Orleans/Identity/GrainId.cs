namespace Orleans.Runtime;

/// <summary>Which grain: its type and its key, written <c>type/key</c>.</summary>
public readonly struct GrainId : IEquatable<GrainId>
{
    private GrainId(GrainType type, IdSpan key)
    {
        Type = type;
        Key = key;
    }

    /// <summary>The grain's type.</summary>
    public GrainType Type { get; }

    /// <summary>Which one of its type.</summary>
    public IdSpan Key { get; }

    /// <summary>The grain of a type with a key.</summary>
    public static GrainId Create(GrainType type, IdSpan key) => new(type, key);

    /// <summary>The grain of a type with a key.</summary>
    public static GrainId Create(string type, string key) => new(GrainType.Create(type), IdSpan.Create(key));

    /// <inheritdoc/>
    public bool Equals(GrainId other) => Type == other.Type && Key == other.Key;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is GrainId other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Type, Key);

    /// <summary><c>type/key</c>.</summary>
    public override string ToString() => $"{Type}/{Key}";

    /// <summary>Whether they are the same grain.</summary>
    public static bool operator ==(GrainId left, GrainId right) => left.Equals(right);

    /// <summary>Whether they are two grains.</summary>
    public static bool operator !=(GrainId left, GrainId right) => !left.Equals(right);
}
