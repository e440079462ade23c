using System.Text.Json;
using Atelier.Core;
using Atelier.Core.Runs;
using Atelier.Training.Imaging;
using Atelier.Worker.Loop;

namespace Atelier.Worker.Runs;

/// <summary>The pictures of a whole run, drawn from the files in its folder.</summary>
public static class RunPictures
{
    private const int StripFrames = 8;
    private const int StripColumns = 4;

    /// <summary>A tick of less than this part of the one before is a rest, whose means are noise.</summary>
    private const double ShortestTick = 0.5;

    /// <summary>Draws the pictures.</summary>
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

    /// <summary>
    /// Draws the curves of <c>stats.jsonl</c> and the metrics; nothing if there are fewer than two ticks. The picture is a function of the
    /// trajectory, of where a person stopped the run, and of its name.
    /// </summary>
    /// <param name="measured">A value that is not in its file yet; null for none.</param>
    /// <returns>The picture's path, or null.</returns>
    public static string? DrawCurves(RunFolder folder, RunFiles notes, MeasuredValue? measured = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(notes);
        var ticks = Ticks(folder.Stats);
        if (ticks.Count < 2)
            return null;
        Curve Of(string label, string name) => new(label, [.. ticks
            .Select(tick => (tick.Kimg, Value: TickLines.Mean(tick.Json, name)))
            .Where(point => point.Value is not null)
            .Select(point => new CurvePoint(point.Kimg, point.Value!.Value))]);
        var panels = new List<CurvePanel>
        {
            new("Losses", [Of("generator", "Loss/G/loss"), Of("discriminator", "Loss/D/loss")]),
            new("Discriminator scores", [Of("real", "Loss/scores/real"), Of("generated", "Loss/scores/fake")]),
            new("R1 penalty", [Of("squared gradient norm", "Loss/r1_penalty")], LogarithmicY: true),
        };
        var augmentation = Of("probability of augmentations, p", "Progress/augment");
        if (augmentation.Points.Any(point => point.Y > 0))
            panels.Add(new("Overfitting", [Of("mean sign on real images, r_t", "Loss/signs/real"), augmentation]));
        panels.Add(new("Resolution usage, % of the sum of deviations", ResolutionHistory.CurvesOf(ticks)));
        panels.RemoveAll(panel => panel.Curves.All(curve => curve.Points.Count < 2));
        panels.AddRange(folder.AllMetrics().Select(metric => metric.Name).Concat(measured is null ? [] : [measured.Metric]).Distinct().Order(StringComparer.Ordinal)
            .Select(metric => new CurvePanel(metric, [new Curve(metric, Points(folder, metric, measured)) { IsSparse = true }]))
            .Where(panel => panel.Curves[0].Points.Count > 0));
        return notes.Write(folder.Curves, LossCurves.ToPng(panels, name: folder.Name, marks: Marks(folder.Events))) ? folder.Curves : null;
    }

    private static List<CurvePoint> Points(RunFolder folder, string metric, MeasuredValue? measured)
    {
        var points = RunHistory.Values(folder.Metric(metric)).Select(value => new CurvePoint(value.Kimg, value.Value)).ToList();
        // One of an earlier snapshot that took longer, and one that was added meanwhile, are in the file's order or in it already.
        if (measured is not null && measured.Metric == metric && (points.Count == 0 || points[^1].X < measured.Kimg))
            points.Add(new CurvePoint(measured.Kimg, measured.Value));
        return points;
    }

    /// <summary>Sets sample grids from the whole run side by side, the one before training first; nothing if there are fewer than two.</summary>
    /// <returns>The picture's path, or null.</returns>
    public static string? DrawStrip(RunFolder folder, RunFiles notes)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(notes);
        var grids = folder.AllFakes();
        if (grids.Count < 2)
            return null;
        // Early changes are large and late ones small, so the frames' image counts grow geometrically; the first grid is where they begin.
        var trained = grids[0].At == ImageCount.Zero ? grids.Skip(1).ToList() : [.. grids];
        int frames = Math.Min(grids[0].At == ImageCount.Zero ? StripFrames - 1 : StripFrames, trained.Count);
        var chosen = Enumerable.Range(0, frames)
            .Select(frame => frames == 1 ? trained[^1] : Nearest(trained, Math.Pow((double)trained[^1].At.Images / trained[0].At.Images, frame / (frames - 1.0)) * trained[0].At.Images))
            .Distinct();
        if (grids[0].At == ImageCount.Zero)
            chosen = chosen.Prepend(grids[0]);
        var strip = chosen.Select(grid => new StripFrame($"{FormattableString.Invariant($"{grid.At.Kimg:#,0.###}")} kimg", ImageCodec.Decode(File.ReadAllBytes(grid.File), RgbColor.White))).ToList();
        return notes.Write(folder.Strip, ImageCodec.EncodePng(ImageStrip.Compose(strip, StripColumns))) ? folder.Strip : null;
    }

    /// <summary>
    /// The ticks by image count. Where a line goes back, the run did, and what it had reached before does not count; a last tick that a
    /// run's length cut short is left out, and so is one in between, after which a longer run went on.
    /// </summary>
    internal static IReadOnlyList<(double Kimg, JsonElement Json)> Ticks(string file)
    {
        var ticks = new List<(double Kimg, JsonElement Json)>();
        foreach (var line in RunHistory.Lines(file))
        {
            if (TickLines.Mean(line, "Progress/kimg") is not { } kimg)
                continue;
            while (ticks.Count > 0 && ticks[^1].Kimg >= kimg)
                ticks.RemoveAt(ticks.Count - 1);
            ticks.Add((kimg, line));
        }
        double Length(int tick) => ticks[tick].Kimg - (tick == 0 ? 0 : ticks[tick - 1].Kimg);
        var lengths = Enumerable.Range(0, ticks.Count).Select(Length).ToList();
        bool IsRest(int tick) => tick > 0 && lengths[tick] < ShortestTick * lengths[tick - 1] && (tick == ticks.Count - 1 || lengths[tick] < ShortestTick * lengths[tick + 1]);
        return [.. ticks.Where((_, tick) => !IsRest(tick))];
    }

    /// <summary>Where a person stopped the run and started it again, and where branches began. A crash leaves none: it changes nothing.</summary>
    private static List<CurveMark> Marks(string file)
    {
        var marks = new List<CurveMark>();
        bool wasStopped = false;
        foreach (var line in RunHistory.Lines(file))
        {
            string? kind = line.TryGetProperty("event", out var named) ? named.GetString() : null;
            double kimg = line.TryGetProperty("kimg", out var at) && at.TryGetDouble(out double value) ? value : 0;
            switch (kind)
            {
                case "resumed" when wasStopped && kimg > 0:
                    marks.Add(new CurveMark(kimg, "resumed"));
                    wasStopped = false;
                    break;
                case "branch-begun":
                    marks.RemoveAll(mark => mark.X == kimg);
                    marks.Add(new CurveMark(kimg, line.TryGetProperty("branch", out var number) ? $"branch {number}" : "branch"));
                    break;
                case "stopped":
                    wasStopped = true;
                    break;
            }
        }
        return marks;
    }

    private static (ImageCount At, string File) Nearest(IReadOnlyList<(ImageCount At, string File)> grids, double images) =>
        grids.MinBy(grid => Math.Abs(Math.Log(Math.Max(grid.At.Images, 1) / Math.Max(images, 1))));
}

/// <summary>A metric's value of a snapshot, which its file is about to have.</summary>
/// <param name="Metric">Its name.</param>
/// <param name="Kimg">The snapshot's image count.</param>
/// <param name="Value">The value of its first result.</param>
public sealed record MeasuredValue(string Metric, double Kimg, double Value);

/// <summary>Draws the pictures of the whole run anew at periodic snapshots, beside training and one at a time.</summary>
/// <param name="folder">The run's folder.</param>
/// <param name="notes">Writes them.</param>
/// <param name="display">Told where they cannot be drawn.</param>
/// <param name="interval">Images between two snapshots.</param>
public sealed class PictureObserver(RunFolder folder, RunFiles notes, IRunDisplay display, ImageCount interval) : ILoopObserver
{
    private Task _drawing = Task.CompletedTask;

    /// <inheritdoc/>
    public void AfterIteration(LoopMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        if (moment.Crossed(interval))
            Begin();
    }

    /// <summary>Draws them now, unless they are just being drawn.</summary>
    public void Begin()
    {
        if (_drawing.IsCompleted)
            _drawing = Task.Run(() => Draw());
    }

    /// <summary>Draws the last ones, and waits for that.</summary>
    /// <returns>What to look at, with its path; empty where they cannot be drawn.</returns>
    public IReadOnlyList<(string What, string Path)> Finish()
    {
        _drawing.GetAwaiter().GetResult();
        return Draw();
    }

    private IReadOnlyList<(string What, string Path)> Draw()
    {
        try
        {
            return RunPictures.DrawAll(folder, notes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or JsonException or InvalidOperationException or UserErrorException)
        {
            // What is drawn is read from the folder, which others write too; a picture is not worth a run.
            display.Say($"could not draw curves.png and progress.png: {e.Message}");
            return [];
        }
    }
}
