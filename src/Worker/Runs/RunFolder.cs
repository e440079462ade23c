using System.Globalization;
using Atelier.Core;

namespace Atelier.Worker.Runs;

/// <summary>Where a run keeps what; the names are the published trainers' where they have one.</summary>
/// <param name="Path">The run's folder.</param>
public sealed record RunFolder(string Path)
{
    /// <summary>The spec and the run's record.</summary>
    public string Record => In("run.json");

    /// <summary>One line a tick.</summary>
    public string Stats => In("stats.jsonl");

    /// <summary>One line an event.</summary>
    public string Events => In("events.jsonl");

    /// <summary>A grid of real images.</summary>
    public string Reals => In("reals.png");

    /// <summary>The sample grid before training.</summary>
    public string InitialFakes => In("fakes_init.png");

    /// <summary>Loss curves, drawn at the end of a run.</summary>
    public string Curves => In("curves.png");

    /// <summary>Sample grids over time, drawn at the end of a run.</summary>
    public string Strip => In("progress.png");

    /// <summary>The snapshots.</summary>
    public string Snapshots => In("snapshots");

    /// <summary>A link to the best snapshot by the first metric.</summary>
    public string Best => In(Storage.Snapshots.BestSnapshot.LinkName);

    /// <summary>Held open while a process trains here.</summary>
    public string Lock => In(".lock");

    /// <summary>The sample grid at an image count: <c>fakes000200.png</c>, or <c>fakes000000.512.png</c> between two kimg.</summary>
    public string Fakes(ImageCount at)
    {
        var (kimg, rest) = Math.DivRem(at.Images, 1000);
        string fraction = rest == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $".{rest:000}");
        return In(string.Create(CultureInfo.InvariantCulture, $"fakes{kimg:000000}{fraction}.png"));
    }

    /// <summary>One line a value of a metric: <c>metric-fid50k_full.jsonl</c>.</summary>
    public string Metric(string name) => In($"metric-{name}.jsonl");

    /// <summary>The files of all metrics that were measured, by name.</summary>
    public IReadOnlyList<(string Name, string File)> AllMetrics() =>
        [.. Directory.GetFiles(Path, "metric-*.jsonl").Order(StringComparer.Ordinal).Select(file => (System.IO.Path.GetFileNameWithoutExtension(file)["metric-".Length..], file))];

    /// <summary>All sample grids, oldest first, with their image counts.</summary>
    public IReadOnlyList<(ImageCount At, string File)> AllFakes()
    {
        var found = new List<(ImageCount, string)>();
        foreach (var file in Directory.GetFiles(Path, "fakes0*.png"))
        {
            var name = System.IO.Path.GetFileNameWithoutExtension(file)["fakes".Length..];
            if (double.TryParse(name, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double kimg))
                found.Add((ImageCount.FromKimg(kimg), file));
        }
        return [.. found.OrderBy(pair => pair.Item1)];
    }

    /// <summary>Deletes what a process that was killed had begun to write here. Only while nobody else writes.</summary>
    public void DeleteUnfinished()
    {
        foreach (var file in Directory.GetFiles(Path, $"*{Storage.AtomicFile.UnfinishedSuffix}"))
            File.Delete(file);
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
