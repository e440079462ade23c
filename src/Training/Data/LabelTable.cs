using System.Text.Json;

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
                $"{where} has no labels, but labels=true wants to train on them. Add the labels, or leave labels=true out.");
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
                $"{where}: {names[0]} has {dimension} numbers and {other} has {labels[other].Length}. Give every image as many.");
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
                $"{where} has labels for images that are not there: {missing[0]}{AndMore(missing.Length)} ({missing.Length:#,0} of "
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
            return pairs.Length == 0 ? null
                : pairs[0].Label.ValueKind == JsonValueKind.Array
                ? new Parsed(null, pairs.ToDictionary(p => p.Name, p => p.Label.EnumerateArray().Select(v => v.GetSingle()).ToArray()))
                : new Parsed(CountClasses(pairs.Select(p => p.Label.GetInt32()), where), pairs.ToDictionary(p => p.Name, p => new[] { p.Label.GetSingle() }));
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

    private static int CountClasses(IEnumerable<int> classes, string where)
    {
        var all = classes.ToArray();
        var (low, high) = (all.Min(), all.Max());
        return low >= 0 && high < MostClasses ? high + 1 : throw new DatasetException(
            DatasetProblem.Labels,
            $"{where} has classes from {low} to {high}; they count from 0 and are fewer than {MostClasses:#,0}. Renumber them.");
    }

    // Labels by image name: one class number each if Classes is set, else vectors.
    private sealed record Parsed(int? Classes, Dictionary<string, float[]> Labels);
}
