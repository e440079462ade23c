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
    private readonly List<(string Name, double Mean)> _tick = [];
    private readonly SortedDictionary<string, List<float>> _columns = new(StringComparer.Ordinal);

    /// <summary>Images shown at each tick, in thousands; rises.</summary>
    public IReadOnlyList<double> Kimg => _kimg;

    /// <summary>The scalars that have a column.</summary>
    public IReadOnlyCollection<string> Names => _columns.Keys;

    /// <summary>A column, as long as <see cref="Kimg"/>; null where there is none.</summary>
    public IReadOnlyList<float>? Column(string name) => _columns.GetValueOrDefault(name);

    /// <summary>Adds a line of <c>stats.jsonl</c>.</summary>
    /// <param name="line">The line as UTF-8, without its end.</param>
    /// <returns>Whether it was one: the last line of a run that was killed may be cut off.</returns>
    public bool Add(ReadOnlySpan<byte> line)
    {
        if (!TryRead(line) || _tick.FirstOrDefault(scalar => scalar.Name == Position) is not { Name: not null, Mean: var kimg } || !double.IsFinite(kimg)) return false;
        DropFrom(kimg);
        _kimg.Add(kimg);
        foreach (var (name, mean) in _tick)
            if (name != Position) Set(name, (float)mean);
        foreach (var column in _columns.Values.Where(column => column.Count < _kimg.Count)) column.Add(float.NaN);
        return true;
    }

    /// <summary>Reads a line's scalars. A run of weeks has megabytes of them, so no document is made.</summary>
    private bool TryRead(ReadOnlySpan<byte> line)
    {
        _tick.Clear();
        try
        {
            var reader = new Utf8JsonReader(line);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                reader.Read();
                if (reader.TokenType == JsonTokenType.StartObject) _tick.Add((name, ReadMean(ref reader)));
                else reader.Skip();
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>The mean of a scalar, NaN where it has none; the reader is at the end of the scalar then.</summary>
    private static double ReadMean(ref Utf8JsonReader reader)
    {
        var mean = double.NaN;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isMean = reader.ValueTextEquals("mean"u8);
            reader.Read();
            if (isMean && reader.TokenType == JsonTokenType.Number) mean = reader.GetDouble();
            else reader.Skip();
        }

        return mean;
    }

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

        // A line that names one twice has the last.
        if (column.Count == _kimg.Count) column[^1] = value;
        else column.Add(value);
    }
}
