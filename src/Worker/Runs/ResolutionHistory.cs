using System.Text.Json;
using Atelier.Core.Runs;
using Atelier.Training.Imaging;

namespace Atelier.Worker.Runs;

/// <summary>How much each resolution contributed to a run's images, over time (Karras et al. 2020, figure 8).</summary>
/// <param name="Name">The run's.</param>
/// <param name="Resolutions">A curve per resolution, from the smallest: percent over kimg.</param>
public sealed record ResolutionHistory(string Name, IReadOnlyList<Curve> Resolutions)
{
    private const double Room = 1.1;

    /// <summary>Reads it from a run's <c>stats.jsonl</c>.</summary>
    /// <returns>Null where fewer than two ticks have it: generators without RGB layers at every resolution have none.</returns>
    public static ResolutionHistory? TryRead(RunFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var ticks = File.Exists(folder.Stats) ? RunPictures.Ticks(folder.Stats) : [];
        var curves = ticks.Count < 2 ? [] : CurvesOf(ticks);
        return curves.Count == 0 ? null : new ResolutionHistory(folder.Name, curves);
    }

    /// <summary>Draws runs one below the other, with the same axes.</summary>
    /// <param name="runs">At least one.</param>
    /// <returns>A PNG file.</returns>
    public static byte[] ToPng(IReadOnlyList<ResolutionHistory> runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        double highest = runs.SelectMany(run => run.Resolutions).SelectMany(curve => curve.Points).Select(point => point.Y).Where(double.IsFinite).DefaultIfEmpty(100).Max();
        return LossCurves.ToPng([.. runs.Select(run => new CurvePanel($"Resolution usage of {run.Name}, % of the sum of deviations", run.Resolutions, HighestY: Room * highest))]);
    }

    internal static IReadOnlyList<Curve> CurvesOf(IReadOnlyList<(double Kimg, JsonElement Json)> ticks) =>
        [.. ResolutionsOf(ticks[^1].Json).Select(resolution => new Curve($"{resolution}", [.. ticks
            .Select(tick => (tick.Kimg, Share: TickLines.Mean(tick.Json, TickReport.UsageName(resolution))))
            .Where(point => point.Share is not null)
            .Select(point => new CurvePoint(point.Kimg, 100 * point.Share!.Value))]))];

    private static IEnumerable<int> ResolutionsOf(JsonElement tick) => tick.EnumerateObject()
        .Where(value => value.Name.StartsWith(TickReport.UsagePrefix, StringComparison.Ordinal))
        .Select(value => int.TryParse(value.Name.AsSpan(TickReport.UsagePrefix.Length), out int resolution) ? resolution : 0).Where(resolution => resolution > 0).Order();
}
