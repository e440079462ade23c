using System.Collections;

namespace Atelier.Core.Specs;

/// <summary>An immutable list of names that compares by content, as a record's value must.</summary>
public sealed class SpecList : IReadOnlyList<string>, IEquatable<SpecList>
{
    private readonly string[] _items;

    /// <summary>A list of the given names.</summary>
    /// <param name="items">The names, in order.</param>
    public SpecList(params IEnumerable<string> items) => _items = [.. items];

    /// <summary>No names.</summary>
    public static SpecList Empty { get; } = new();

    /// <inheritdoc/>
    public int Count => _items.Length;

    /// <inheritdoc/>
    public string this[int index] => _items[index];

    /// <inheritdoc/>
    public IEnumerator<string> GetEnumerator() => _items.AsEnumerable().GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(SpecList? other) => other is not null && _items.AsSpan().SequenceEqual(other._items);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SpecList);

    /// <inheritdoc/>
    public override int GetHashCode() => _items.Aggregate(0, HashCode.Combine);

    /// <summary>The names with commas between them.</summary>
    public override string ToString() => string.Join(',', _items);

    IEnumerator IEnumerable.GetEnumerator() => _items.GetEnumerator();
}
