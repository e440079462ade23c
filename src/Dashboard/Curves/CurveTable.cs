using System.Text.Json;

namespace Atelier.Dashboard.Curves;

/// <summary>
/// The ticks of a run as columns: the kimg of each, and a column per scalar of <c>stats.jsonl</c>, NaN where a tick has none. Where a run went
/// back to a snapshot, the ticks that it left behind are dropped. Not safe for several threads at once.
/// </summary>
public sealed class CurveTable
{
    private const string Position = "Progress/kimg";

    private readonly List<double> _kimg = [];
    private readonly SortedDictionary<string, List<float>> _columns = new(StringComparer.Ordinal);

    /// <summary>Images shown at each tick, in thousands; rises.</summary>
    public IReadOnlyList<double> Kimg => _kimg;

    /// <summary>The scalars that have a column.</summary>
    public IReadOnlyCollection<string> Names => _columns.Keys;

    /// <summary>A column, as long as <see cref="Kimg"/>; null where there is none.</summary>
    public IReadOnlyList<float>? Column(string name) => _columns.GetValueOrDefault(name);

    /// <summary>Adds a line of <c>stats.jsonl</c>.</summary>
    /// <returns>Whether it was one: the last line of a run that was killed may be cut off.</returns>
    public bool Add(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.ValueKind != JsonValueKind.Object || MeanOf(json.RootElement, Position) is not { } kimg || !double.IsFinite(kimg)) return false;
            DropFrom(kimg);
            _kimg.Add(kimg);
            foreach (var scalar in json.RootElement.EnumerateObject().Where(scalar => scalar.Value.ValueKind == JsonValueKind.Object && scalar.Name != Position))
                Set(scalar.Name, (float)(MeanOf(json.RootElement, scalar.Name) ?? double.NaN));
            foreach (var column in _columns.Values.Where(column => column.Count < _kimg.Count)) column.Add(float.NaN);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static double? MeanOf(JsonElement tick, string name) =>
        tick.TryGetProperty(name, out var scalar) && scalar.ValueKind == JsonValueKind.Object && scalar.TryGetProperty("mean", out var mean) && mean.ValueKind == JsonValueKind.Number
            ? mean.GetDouble()
            : null;

    private void DropFrom(double kimg)
    {
        var kept = _kimg.Count;
        while (kept > 0 && _kimg[kept - 1] >= kimg) kept--;
        if (kept == _kimg.Count) return;
        _kimg.RemoveRange(kept, _kimg.Count - kept);
        foreach (var column in _columns.Values) column.RemoveRange(kept, column.Count - kept);
    }

    private void Set(string name, float value)
    {
        if (!_columns.TryGetValue(name, out var column))
        {
            // A scalar that begins later: gradient norms of a phase, the share of another resolution.
            _columns[name] = column = new(_kimg.Count);
            for (var tick = 1; tick < _kimg.Count; tick++) column.Add(float.NaN);
        }

        column.Add(value);
    }
}
