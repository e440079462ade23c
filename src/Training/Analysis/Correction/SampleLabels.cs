using System.Text.Json;
using Atelier.Core;

namespace Atelier.Training.Analysis.Correction;

/// <summary>What a person says of a generated sample.</summary>
public enum SampleLabel
{
    /// <summary>It has a visible defect.</summary>
    Artifact,

    /// <summary>It has none.</summary>
    Normal,
}

/// <summary>
/// Labels of samples by seed, as JSON lines <c>{"seed":7,"label":"artifact"}</c>; a later line of a seed replaces an earlier one,
/// and <c>"label":null</c> takes it back. Not thread-safe.
/// </summary>
public sealed class SampleLabels : IDisposable
{
    private readonly Dictionary<uint, SampleLabel> _labels = [];
    private readonly StreamWriter? _writer;

    /// <summary>Reads a file.</summary>
    /// <param name="path">It need not exist if it is written.</param>
    /// <param name="write">Whether labels are added.</param>
    /// <exception cref="UserErrorException">It does not exist or cannot be read; the message names the line.</exception>
    public SampleLabels(string path, bool write)
    {
        if (File.Exists(path))
            Read(path);
        else if (!write)
            throw new UserErrorException($"{path} does not exist; run `atelier correct label` first");
        if (!write)
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        _writer = new StreamWriter(path, append: true) { AutoFlush = true };
    }

    /// <summary>The labels by seed.</summary>
    public IReadOnlyDictionary<uint, SampleLabel> All => _labels;

    /// <summary>The seeds of a label, in order.</summary>
    public IReadOnlyList<uint> Of(SampleLabel label) => [.. _labels.Where(pair => pair.Value == label).Select(pair => pair.Key).Order()];

    /// <summary>Labels a sample, or takes its label back.</summary>
    public void Set(uint seed, SampleLabel? label)
    {
        if (label is { } value)
            _labels[seed] = value;
        else
            _labels.Remove(seed);
        (_writer ?? throw new InvalidOperationException("these labels are read-only")).WriteLine(Line(seed, label));
    }

    /// <summary>Checks that a classifier can be trained.</summary>
    /// <exception cref="UserErrorException">There are too few of a label; the message has both numbers.</exception>
    public void RequireBoth(string path, int least)
    {
        var (artifacts, normal) = (Of(SampleLabel.Artifact).Count, Of(SampleLabel.Normal).Count);
        if (artifacts < least || normal < least)
            throw new UserErrorException($"{path} has {artifacts:#,0} samples labelled as artifacts and {normal:#,0} as normal; a classifier needs at least {least} of each: label more with `atelier correct label`");
    }

    /// <inheritdoc/>
    public void Dispose() => _writer?.Dispose();

    private static string Line(uint seed, SampleLabel? label) =>
        JsonSerializer.Serialize(new { seed, label = label?.ToString().ToLowerInvariant() });

    private void Read(string path)
    {
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            try
            {
                using var json = JsonDocument.Parse(line);
                uint seed = json.RootElement.GetProperty("seed").GetUInt32();
                var label = json.RootElement.GetProperty("label");
                if (label.ValueKind == JsonValueKind.Null)
                    _labels.Remove(seed);
                else
                    _labels[seed] = label.GetString() switch
                    {
                        "artifact" => SampleLabel.Artifact,
                        "normal" => SampleLabel.Normal,
                        var other => throw new FormatException($"the label `{other}` is neither artifact nor normal"),
                    };
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
            {
                throw new UserErrorException($"{path}, line {number}: {e.Message}; a line should look like {Line(7, SampleLabel.Artifact)}", e);
            }
        }
    }
}
