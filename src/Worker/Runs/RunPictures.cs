using System.Text.Json;
using Atelier.Core;
using Atelier.Training.Imaging;

namespace Atelier.Worker.Runs;

/// <summary>The pictures that a run leaves at its end, drawn from the files in its folder.</summary>
public static class RunPictures
{
    private const int StripFrames = 8;
    private const int StripColumns = 4;

    /// <summary>Draws what a run leaves at its end.</summary>
    /// <returns>What to look at, with its path.</returns>
    public static IReadOnlyList<(string What, string Path)> DrawAll(RunFolder folder, RunFiles notes)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var files = new List<(string, string)> { ("samples", folder.AllFakes() is { Count: > 0 } grids ? grids[^1].File : folder.InitialFakes) };
        if (DrawStrip(folder, notes) is { } strip)
            files.Add(("over time", strip));
        if (DrawCurves(folder, notes) is { } curves)
            files.Add(("curves", curves));
        files.Add(("snapshots", folder.Snapshots));
        return files;
    }

    /// <summary>Draws the loss curves from <c>stats.jsonl</c>; nothing if there are fewer than two ticks.</summary>
    /// <returns>The picture's path, or null.</returns>
    public static string? DrawCurves(RunFolder folder, RunFiles notes)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(notes);
        var ticks = ReadLines(folder.Stats);
        if (ticks.Count < 2)
            return null;
        Curve Of(string label, string name) => new(label, [.. ticks
            .Select(tick => (Kimg: Mean(tick, "Progress/kimg"), Value: Mean(tick, name)))
            .Where(point => point is { Kimg: not null, Value: not null })
            .Select(point => new CurvePoint(point.Kimg!.Value, point.Value!.Value))]);
        var panels = new List<CurvePanel>
        {
            new("Losses", [Of("generator", "Loss/G/loss"), Of("discriminator", "Loss/D/loss")]),
            new("Discriminator scores", [Of("real", "Loss/scores/real"), Of("generated", "Loss/scores/fake")]),
            new("R1 penalty", [Of("squared gradient norm", "Loss/r1_penalty")], LogarithmicY: true),
            new("Overfitting", [Of("mean sign at real images, r_t", "Loss/signs/real"), Of("probability of augmentations, p", "Progress/augment")]),
        };
        panels.Add(new("Resolution usage, % of the sum of deviations", [.. UsageOf(ticks).Select(resolution => Percent(Of($"{resolution}", TickReport.UsageName(resolution))))]));
        panels.AddRange(folder.AllMetrics().Select(metric => new CurvePanel(metric.Name, [MetricCurve(metric.Name, metric.File)])));
        panels.RemoveAll(panel => panel.Curves.All(curve => curve.Points.Count < 2));
        return notes.Write(folder.Curves, LossCurves.ToPng(panels)) ? folder.Curves : null;
    }

    // Karras et al. 2020, figure 8.
    private static IEnumerable<int> UsageOf(List<JsonElement> ticks) => ticks[^1].EnumerateObject()
        .Where(value => value.Name.StartsWith(TickReport.UsagePrefix, StringComparison.Ordinal))
        .Select(value => int.TryParse(value.Name.AsSpan(TickReport.UsagePrefix.Length), out int resolution) ? resolution : 0).Where(resolution => resolution > 0).Order();

    private static Curve Percent(Curve share) => share with { Points = [.. share.Points.Select(point => point with { Y = 100 * point.Y })] };

    /// <summary>Sets sample grids from the whole run side by side; nothing if there are fewer than two.</summary>
    /// <returns>The picture's path, or null.</returns>
    public static string? DrawStrip(RunFolder folder, RunFiles notes)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(notes);
        var grids = folder.AllFakes();
        if (grids.Count < 2)
            return null;
        // Early changes are large and late ones small, so the frames' image counts grow geometrically.
        var chosen = Enumerable.Range(0, Math.Min(StripFrames, grids.Count))
            .Select(frame => Nearest(grids, Math.Pow((double)grids[^1].At.Images / grids[0].At.Images, frame / (Math.Min(StripFrames, grids.Count) - 1.0)) * grids[0].At.Images))
            .Distinct();
        var frames = chosen.Select(grid => new StripFrame($"{grid.At.Kimg:0.0} kimg", ImageCodec.Decode(File.ReadAllBytes(grid.File), RgbColor.White))).ToList();
        return notes.Write(folder.Strip, ImageCodec.EncodePng(ImageStrip.Compose(frames, StripColumns))) ? folder.Strip : null;
    }

    private static (ImageCount At, string File) Nearest(IReadOnlyList<(ImageCount At, string File)> grids, double images) =>
        grids.MinBy(grid => Math.Abs(Math.Log(Math.Max(grid.At.Images, 1) / Math.Max(images, 1))));

    // A metric's first value over the run; lines without kimg are of evaluations by hand. A rewound run's last word counts.
    private static Curve MetricCurve(string name, string file) => new(name, [.. ReadLines(file)
        .Where(line => line.TryGetProperty("kimg", out _) && line.TryGetProperty("results", out var results) && results.EnumerateObject().Any())
        .Select(line => new CurvePoint(line.GetProperty("kimg").GetDouble(), line.GetProperty("results").EnumerateObject().First().Value.GetDouble()))
        .GroupBy(point => point.X).Select(same => same.Last()).OrderBy(point => point.X)]);

    private static List<JsonElement> ReadLines(string path)
    {
        var lines = new List<JsonElement>();
        if (!File.Exists(path))
            return lines;
        foreach (var line in File.ReadLines(path))
        {
            try
            {
                lines.Add(JsonDocument.Parse(line).RootElement);
            }
            catch (JsonException)
            {
                // A run that was killed may have left half a line; the curve goes on without it.
            }
        }
        return lines;
    }

    private static double? Mean(JsonElement tick, string name) =>
        tick.TryGetProperty(name, out var value) && value.TryGetProperty("mean", out var mean) && mean.ValueKind == JsonValueKind.Number ? mean.GetDouble() : null;
}
