using System.Collections;
using System.Globalization;
using System.Text.Json;

namespace Atelier.Core.Specs;

/// <summary>How the values of a key are written and read. One text form serves `--set`, files and listings.</summary>
/// <param name="Accepts">What is accepted, as a noun phrase for error messages.</param>
/// <param name="TryParse">Reads the text form; false when it is not accepted.</param>
/// <param name="Format">Writes the text form; parsing it gives the value back.</param>
/// <param name="WriteJson">Writes the value to JSON; its text, as <see cref="SpecText.Of"/> reads it, parses back.</param>
public sealed record SpecType<T>(
    string Accepts, SpecParser<T> TryParse, Func<T, string> Format, Action<Utf8JsonWriter, T> WriteJson)
{
    /// <summary>The JSON values that are accepted, as far as a schema can say.</summary>
    public SpecShape Shape { get; init; } = new(SpecShapeKind.Text);
}

/// <param name="text">The text, without surrounding blanks.</param>
public delegate bool SpecParser<T>(string text, out T value);

/// <summary>The types of values that spec keys have.</summary>
internal static class SpecTypes
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    public static SpecType<bool> Flag { get; } = new(
        "true or false",
        (string text, out bool value) => bool.TryParse(text, out value),
        value => value ? "true" : "false",
        (writer, value) => writer.WriteBooleanValue(value)) { Shape = new(SpecShapeKind.Flag) };

    public static SpecType<ulong> Seed { get; } = new(
        "a whole number from 0 to 2^64-1",
        (string text, out ulong value) => ulong.TryParse(text, NumberStyles.None, Invariant, out value),
        value => value.ToString(Invariant),
        (writer, value) => writer.WriteNumberValue(value)) { Shape = new(SpecShapeKind.Integer) { Minimum = 0 } };

    public static SpecType<string> Text { get; } = new(
        "text",
        (string text, out string value) => { value = text; return true; },
        value => value,
        (writer, value) => writer.WriteStringValue(value));

    public static SpecType<string> Colour { get; } = new(
        "a colour of six hexadecimal digits, RRGGBB",
        (string text, out string value) =>
        {
            value = text.TrimStart('#').ToLowerInvariant();
            return value.Length == 6 && value.All(char.IsAsciiHexDigit);
        },
        value => value,
        (writer, value) => writer.WriteStringValue(value)) { Shape = new(SpecShapeKind.Text) { Pattern = "^#?[0-9a-fA-F]{6}$" } };

    public static SpecType<SpecList> Names { get; } = new(
        "names separated by commas, or none",
        (string text, out SpecList value) =>
        {
            var names = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            value = text == SpecText.None ? SpecList.Empty : new(names);
            return value.All(name => name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.'));
        },
        value => value.Count == 0 ? SpecText.None : value.ToString(),
        (writer, value) =>
        {
            writer.WriteStartArray();
            foreach (var name in value) writer.WriteStringValue(name);
            writer.WriteEndArray();
        }) { Shape = new(SpecShapeKind.Names) { Pattern = "^[A-Za-z0-9_.-]+$" } };

    public static SpecType<LevelValues> Levels { get; } = new(
        "numbers above 0 by size, as 8:256,16:128, or none",
        LevelValues.TryParse,
        value => value.ToString(),
        (writer, value) => writer.WriteStringValue(value.ToString())) { Shape = new(SpecShapeKind.Text) { Pattern = "^(none|[0-9]+:[0-9.eE+-]+(, *[0-9]+:[0-9.eE+-]+)*)$" } };

    public static SpecType<Resolution> Size { get; } = new(
        "a number of pixels, WIDTHxHEIGHT, or auto",
        TryParseSize,
        value => value.ToString(),
        (writer, value) =>
        {
            if (!value.IsAuto && value.Height == value.Width) writer.WriteNumberValue(value.Height);
            else writer.WriteStringValue(value.ToString());
        }) { Shape = new(SpecShapeKind.IntegerOrText) { Minimum = 1, Pattern = "^(auto|[0-9]{1,5}([x×][0-9]{1,5})?)$" } };

    public static SpecType<long> Bytes { get; } = new(
        "a number of bytes, optionally with the suffix k, m or g (powers of 1024)",
        TryParseBytes,
        value => value.ToString(Invariant),
        (writer, value) => writer.WriteNumberValue(value)) { Shape = new(SpecShapeKind.IntegerOrText) { Minimum = 0, Pattern = "^[0-9]+[kKmMgG]?$" } };

    public static SpecType<int> Integer(int min, int max = int.MaxValue) => new(
        max == int.MaxValue ? $"a whole number of at least {min}" : $"a whole number from {min} to {max}",
        (string text, out int value) =>
            int.TryParse(text, NumberStyles.AllowLeadingSign, Invariant, out value) && value >= min && value <= max,
        value => value.ToString(Invariant),
        (writer, value) => writer.WriteNumberValue(value)) { Shape = new(SpecShapeKind.Integer) { Minimum = min, Maximum = max } };

    public static SpecType<long> LongInteger(long min) => new(
        $"a whole number of at least {min}",
        (string text, out long value) => long.TryParse(text, NumberStyles.AllowLeadingSign, Invariant, out value) && value >= min,
        value => value.ToString(Invariant),
        (writer, value) => writer.WriteNumberValue(value)) { Shape = new(SpecShapeKind.Integer) { Minimum = min } };

    /// <summary>A finite number from 0 up.</summary>
    public static SpecType<double> NonNegative { get; } = Real("a number of at least 0", value => value >= 0, new(SpecShapeKind.Number) { Minimum = 0 });

    /// <summary>A finite number above 0.</summary>
    public static SpecType<double> Positive { get; } = Real("a number above 0", value => value > 0, new(SpecShapeKind.Number) { Minimum = 0, ExcludesMinimum = true });

    /// <summary>A number in [0, 1].</summary>
    public static SpecType<double> Fraction { get; } = Real("a number from 0 to 1", value => value is >= 0 and <= 1, new(SpecShapeKind.Number) { Minimum = 0, Maximum = 1 });

    /// <summary>A decay in [0, 1).</summary>
    public static SpecType<double> Decay { get; } = Real("a number of at least 0 and below 1", value => value is >= 0 and < 1, new(SpecShapeKind.Number) { Minimum = 0, Maximum = 1, ExcludesMaximum = true });

    /// <summary>One of an enum's values, by its name in lower case.</summary>
    public static SpecType<T> Choice<T>() where T : struct, Enum
    {
        var byName = Enum.GetValues<T>().ToDictionary(NameOf, StringComparer.OrdinalIgnoreCase);
        return new(
            string.Join(" or ", byName.Keys),
            byName.TryGetValue,
            NameOf,
            (writer, value) => writer.WriteStringValue(NameOf(value))) { Shape = new(SpecShapeKind.Text) { Choices = [.. byName.Keys] } };

        static string NameOf(T value) => value.ToString().ToLowerInvariant();
    }

    /// <summary>A value, or `none`.</summary>
    public static SpecType<T?> Optional<T>(SpecType<T> inner) where T : struct => new(
        $"{inner.Accepts}, or none",
        (string text, out T? value) =>
        {
            value = null;
            if (text == SpecText.None) return true;
            if (!inner.TryParse(text, out var some)) return false;
            value = some;
            return true;
        },
        value => value is { } some ? inner.Format(some) : SpecText.None,
        (writer, value) =>
        {
            if (value is { } some) inner.WriteJson(writer, some);
            else writer.WriteNullValue();
        }) { Shape = inner.Shape with { IsNullable = true } };

    private static SpecType<double> Real(string accepts, Predicate<double> inRange, SpecShape shape) => new(
        accepts,
        (string text, out double value) =>
            double.TryParse(text, NumberStyles.Float, Invariant, out value) && double.IsFinite(value) && inRange(value),
        value => value.ToString("R", Invariant),
        (writer, value) => writer.WriteNumberValue(value)) { Shape = shape };

    private static bool TryParseSize(string text, out Resolution value)
    {
        value = Resolution.Auto;
        if (text == "auto") return true;
        var sides = text.Split('x', '×');
        if (sides.Length > 2 || !Side(sides[0], out var width) || !Side(sides[^1], out var height)) return false;
        value = new(height, width);
        return true;

        static bool Side(string side, out int pixels) =>
            int.TryParse(side, NumberStyles.None, Invariant, out pixels) && pixels is >= 1 and <= 1 << 16;
    }

    private static bool TryParseBytes(string text, out long value)
    {
        var shift = text.Length == 0 ? 0 : char.ToLowerInvariant(text[^1]) switch { 'k' => 10, 'm' => 20, 'g' => 30, _ => 0 };
        var digits = shift == 0 ? text : text[..^1];
        if (!long.TryParse(digits, NumberStyles.None, Invariant, out value) || value > long.MaxValue >> shift) return false;
        value <<= shift;
        return true;
    }
}

/// <summary>Numbers by the size of a growing network's images, in order of size.</summary>
public sealed class LevelValues : IEquatable<LevelValues>
{
    private readonly SortedDictionary<int, double> _values;

    private LevelValues(SortedDictionary<int, double> values) => _values = values;

    /// <summary>No numbers.</summary>
    public static LevelValues None { get; } = new([]);

    /// <summary>The sizes that have a number.</summary>
    public IReadOnlyCollection<int> Sides => _values.Keys;

    /// <summary>The number of a size; null if it has none.</summary>
    /// <param name="side">The longer side, in pixels.</param>
    public double? this[int side] => _values.TryGetValue(side, out var value) ? value : null;

    /// <summary>Reads <c>8:256,16:128</c>, or `none`.</summary>
    public static bool TryParse(string text, out LevelValues value)
    {
        ArgumentNullException.ThrowIfNull(text);
        var values = new SortedDictionary<int, double>();
        value = new(values);
        if (text == SpecText.None) return true;
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var pair = part.Split(':');
            if (pair.Length != 2 || !int.TryParse(pair[0], NumberStyles.None, CultureInfo.InvariantCulture, out var side)
                || !double.TryParse(pair[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || !double.IsFinite(number) || number <= 0
                || !values.TryAdd(side, number))
                return false;
        }

        return true;
    }

    public bool Equals(LevelValues? other) => other is not null && _values.SequenceEqual(other._values);

    public override bool Equals(object? obj) => Equals(obj as LevelValues);

    public override int GetHashCode() => _values.Aggregate(0, HashCode.Combine);

    /// <summary>The text that <see cref="TryParse"/> reads.</summary>
    public override string ToString() => _values.Count == 0
        ? SpecText.None
        : string.Join(',', _values.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key}:{pair.Value:R}")));
}

/// <summary>An immutable list of names that compares by content, as a record's value must.</summary>
public sealed class SpecList : IReadOnlyList<string>, IEquatable<SpecList>
{
    private readonly string[] _items;

    /// <param name="items">The names, in order.</param>
    public SpecList(params IEnumerable<string> items) => _items = [.. items];

    /// <summary>No names.</summary>
    public static SpecList Empty { get; } = new();

    public int Count => _items.Length;

    public string this[int index] => _items[index];

    public IEnumerator<string> GetEnumerator() => _items.AsEnumerable().GetEnumerator();

    public bool Equals(SpecList? other) => other is not null && _items.AsSpan().SequenceEqual(other._items);

    public override bool Equals(object? obj) => Equals(obj as SpecList);

    public override int GetHashCode() => _items.Aggregate(0, HashCode.Combine);

    /// <summary>The names with commas between them.</summary>
    public override string ToString() => string.Join(',', _items);

    IEnumerator IEnumerable.GetEnumerator() => _items.GetEnumerator();
}
