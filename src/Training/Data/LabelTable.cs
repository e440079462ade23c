using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Atelier.Training.Data;

/// <summary>
/// The labels of a dataset, as the published datasets hold them: <c>{"labels": [["00000/img00000000.png", 3], …]}</c>,
/// whole numbers (classes, one-hot here) or vectors of numbers; <c>null</c> for none.
/// </summary>
internal sealed class LabelTable
{
    // A one-hot vector this long is a mistake (an image number where a class was meant), not a dataset.
    private const int MostClasses = 100_000;

    // [images, stored]: a class number each (stored = 1), or the vectors (stored = Dimension).
    private readonly float[] _values;
    private readonly bool _oneHot;

    private LabelTable(int dimension, bool oneHot, float[] values)
    {
        Dimension = dimension;
        _oneHot = oneHot;
        _values = values;
    }

    /// <summary>Numbers per image; 0 without labels.</summary>
    public int Dimension { get; }

    /// <summary>No labels.</summary>
    public static LabelTable None { get; } = new(0, false, []);

    /// <summary>Writes the label of an image of the source.</summary>
    /// <param name="index">The image.</param>
    /// <param name="label">[Dimension].</param>
    public void CopyTo(int index, Span<float> label)
    {
        if (_oneHot)
        {
            label.Clear();
            label[(int)_values[index]] = 1;
        }
        else
        {
            _values.AsSpan(index * Dimension, Dimension).CopyTo(label);
        }
    }

    /// <summary>The label of an image as <c>dataset.json</c> has it; null without labels.</summary>
    /// <param name="index">The image.</param>
    public JsonNode? ToJson(int index) => Dimension == 0 ? null
        : _oneHot ? LabelJson.Class((int)_values[index])
        : new JsonArray([.. _values.AsSpan(index * Dimension, Dimension).ToArray().Select(value => JsonValue.Create(value))]);

    /// <summary>The class of an image; null without labels, or where they are vectors.</summary>
    /// <param name="index">The image.</param>
    public int? ClassOf(int index) => _oneHot ? (int)_values[index] : null;

    /// <summary>In words: <c>10 classes</c>, <c>vectors of 5 numbers</c>; null without labels.</summary>
    public string? Describe() => Dimension == 0 ? null
        : _oneHot ? string.Create(CultureInfo.InvariantCulture, $"{Dimension:#,0} {(Dimension == 1 ? "class" : "classes")}")
        : string.Create(CultureInfo.InvariantCulture, $"vectors of {Dimension:#,0} numbers");

    /// <summary>A warning where classes have no image: they begin at 1, or leave numbers out; null otherwise.</summary>
    public string? Gaps()
    {
        if (!_oneHot)
            return null;
        var seen = new bool[Dimension];
        foreach (var value in _values)
            seen[(int)value] = true;
        var empty = Enumerable.Range(0, Dimension).Where(number => !seen[number]).ToArray();
        return empty switch
        {
            [] => null,
            [0] => $"classes are numbered from 1 to {Dimension - 1}, so class 0 has no images but still an input of the networks; number classes from 0",
            [var first, ..] => $"{empty.Length:#,0} of the classes 0 to {Dimension - 1} {(empty.Length == 1 ? "has" : "have")} no images (class {first}{(empty.Length > 1 ? ", …" : "")}) but still inputs of the networks; number classes without gaps",
        };
    }

    /// <summary>A note where a source has labels and they are not used; null where it has none.</summary>
    public static string? Unused(ImageSource source)
    {
        try
        {
            return Read(source, LabelUse.IfPresent).Describe() is { } labels
                ? $"{source.Name} has labels ({labels}), which this run does not use; pass `--set labels=true` to train on them"
                : null;
        }
        catch (DatasetException e)
        {
            return $"labels are not used, and are not usable: {e.Message}";
        }
    }

    /// <summary>Reads the labels of all images of a source.</summary>
    /// <exception cref="DatasetException">They are malformed, or labels and images do not match.</exception>
    public static LabelTable Read(ImageSource source, LabelUse use)
    {
        if (use == LabelUse.Ignore)
            return None;
        var where = $"{source.Name}: {ImageSource.LabelFile}";
        if (source.ReadLabels() is not { } text || Parse(text, where) is not { } parsed)
        {
            return use == LabelUse.IfPresent ? None : throw new DatasetException(
                DatasetProblem.Labels,
                $"{where} has no labels, but labels=true needs them. Add labels, or leave out labels=true.");
        }

        var (names, labels) = (source.ImageNames, parsed.Labels);
        RequireMatch(names, labels, where);
        if (names.Count == 0)
            return None;
        var dimension = labels[names[0]].Length;
        if (names.FirstOrDefault(n => labels[n].Length != dimension) is { } other)
        {
            throw new DatasetException(
                DatasetProblem.Labels,
                $"{where}: {names[0]} has {dimension} numbers but {other} has {labels[other].Length}. Give every image the same number.");
        }

        var values = names.SelectMany(n => labels[n]).ToArray();
        return new LabelTable(parsed.Classes ?? dimension, parsed.Classes is not null, values);
    }

    private static void RequireMatch(IReadOnlyList<string> names, Dictionary<string, float[]> labels, string where)
    {
        var bare = names.Where(n => !labels.ContainsKey(n)).ToArray();
        if (bare.Length > 0)
        {
            throw new DatasetException(
                DatasetProblem.Labels,
                $"{where} has no label for {bare[0]}{AndMore(bare.Length)} ({bare.Length:#,0} of {names.Count:#,0} images). "
                + "Add their labels, remove the images, or train without labels.");
        }

        var missing = labels.Keys.Except(names).Order(StringComparer.Ordinal).ToArray();
        if (missing.Length > 0)
        {
            throw new DatasetException(
                DatasetProblem.Labels,
                $"{where} has labels for images that do not exist: {missing[0]}{AndMore(missing.Length)} ({missing.Length:#,0} of "
                + $"{labels.Count:#,0} labels). Add the images, or remove the labels.");
        }
    }

    private static string AndMore(int count) => count == 1 ? "" : $" and {count - 1:#,0} more";

    private static Parsed? Parse(string text, string where)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            if (!json.RootElement.TryGetProperty("labels", out var list) || list.ValueKind == JsonValueKind.Null)
                return null;
            var pairs = list.EnumerateArray().Select(pair => (Name: pair[0].GetString()!.Replace('\\', '/'), Label: pair[1])).ToArray();
            if (pairs.Length == 0)
                return null;
            var vectors = pairs[0].Label.ValueKind == JsonValueKind.Array;
            var labels = pairs.ToDictionary(p => p.Name, p => Values(p.Name, p.Label, vectors));
            return new Parsed(vectors ? null : CountClasses(labels, where), labels);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or IndexOutOfRangeException
            or FormatException or NullReferenceException or ArgumentException)
        {
            throw new DatasetException(
                DatasetProblem.Labels,
                $"{where} is not of the form {{\"labels\": [[\"name.png\", 3], …]}} (whole numbers, or vectors of numbers): {e.Message}",
                e);
        }
    }

    // One class number, or the vector; the first label decides which, for all.
    private static float[] Values(string name, JsonElement label, bool vector)
    {
        if (!vector)
        {
            return label.ValueKind == JsonValueKind.Number && label.TryGetInt32(out var number) ? [number] : throw new FormatException(
                $"the label of {name} is {Shown(label)}, but must be a 32-bit whole number");
        }

        if (label.ValueKind != JsonValueKind.Array)
            throw new FormatException($"the label of {name} is {Shown(label)}, but must be a vector, because the first label is one");
        return [.. label.EnumerateArray().Select(v => v.ValueKind == JsonValueKind.Number && v.TryGetSingle(out var value) && float.IsFinite(value)
            ? value : throw new FormatException($"the label of {name} contains {Shown(v)}, but must contain only numbers"))];
    }

    private static string Shown(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length <= 40 ? text : $"{text[..40]}…";
    }

    private static int CountClasses(Dictionary<string, float[]> labels, string where)
    {
        var (lowest, highest) = (labels.MinBy(l => l.Value[0]), labels.MaxBy(l => l.Value[0]));
        var (low, high) = (lowest.Value[0], highest.Value[0]);
        return low >= 0 && high < MostClasses ? (int)high + 1 : throw new DatasetException(
            DatasetProblem.Labels,
            $"{where} has classes from {low:0} to {high:0} ({(low < 0 ? lowest.Key : highest.Key)} has {(low < 0 ? low : high):0}); "
            + $"classes are numbered from 0, and there can be fewer than {MostClasses:#,0}. Renumber them.");
    }

    // Labels by image name: one class number each if Classes is set, else vectors.
    private sealed record Parsed(int? Classes, Dictionary<string, float[]> Labels);
}

/// <summary>Writes labels in the form of the published datasets, as <see cref="LabelTable"/> reads them.</summary>
internal static class LabelJson
{
    /// <summary>The label of a class.</summary>
    public static JsonNode Class(int number) => JsonValue.Create(number);

    /// <summary>The text of a <c>dataset.json</c>.</summary>
    /// <param name="names">The images.</param>
    /// <param name="labels">A label each; null where the dataset has none.</param>
    public static string Write(IEnumerable<string> names, IEnumerable<JsonNode>? labels)
    {
        // Pair by pair: a document of millions of nodes would cost a multiple of its text.
        var text = new System.Text.StringBuilder("{\"labels\": ");
        if (labels is null)
            return text.Append("null}").ToString();
        var separator = "[";
        foreach (var (name, label) in names.Zip(labels))
        {
            text.Append(CultureInfo.InvariantCulture, $"{separator}[{JsonValue.Create(name).ToJsonString()}, {label.ToJsonString()}]");
            separator = ", ";
        }

        return text.Append(separator == "[" ? "[]}" : "]}").ToString();
    }
}
