using System.Text.Json;
using System.Text.Json.Nodes;
using Atelier.Core;
using Atelier.TestKit;
using Atelier.Worker.Loop;
using Atelier.Worker.Runs;

namespace Atelier.Worker.Tests.Runs;

/// <summary>Metrics of a run's snapshots while it trains.</summary>
public sealed class MetricObserverTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Execute_WithMetrics_LinesBestAndTheSameWeights()
    {
        var measured = Run("measured", "metrics-every=0.032", "keep-last=1", "keep-best=1");
        var plain = Run("plain", "metrics=none");

        Assert.Equal(plain.StateSha256, measured.StateSha256);
        var folder = new RunFolder(_folder["measured"]);
        var lines = File.ReadAllLines(folder.Metric("rfd")).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal([0.032, 0.064, 0.096], lines.Select(line => line.GetProperty("kimg").GetDouble()));
        Assert.All(lines, line => Assert.True(double.IsFinite(line.GetProperty("results").GetProperty("rfd").GetDouble())));
        var best = lines.MinBy(line => line.GetProperty("results").GetProperty("rfd").GetDouble());
        Assert.Equal(
            Path.GetFullPath(Path.Combine(folder.Path, best.GetProperty("snapshot_pkl").GetString()!)), Directory.ResolveLinkTarget(folder.Best, returnFinalTarget: true)!.FullName);
        Assert.True(Directory.Exists(folder.Best), "the best snapshot is kept");
        Assert.False(Path.Exists(new RunFolder(_folder["plain"]).Metric("rfd")));
    }

    /// <summary>What a process that is killed while it measures leaves: the snapshot, and neither a line nor a value.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Execute_AgainAfterAKillWhileItMeasured_MeasuresWhatIsMissing(bool hasLine)
    {
        string[] set = ["metrics-every=0.032", "keep-last=1"];
        var whole = Run("whole", set);
        Run("killed", 64, set);
        var folder = new RunFolder(_folder["killed"]);
        if (!hasLine)
            File.WriteAllLines(folder.Metric("rfd"), File.ReadAllLines(folder.Metric("rfd"))[..1]);
        string manifest = Path.Combine(folder.Path, "snapshots", "000000.064", "manifest.json");
        var json = JsonNode.Parse(File.ReadAllText(manifest))!;
        json.AsObject().First(pair => string.Equals(pair.Key, "metrics", StringComparison.OrdinalIgnoreCase)).Value!.AsObject().Clear();
        File.WriteAllText(manifest, json.ToJsonString());

        var again = Run("killed", 96, set);

        Assert.Equal(whole.StateSha256, again.StateSha256);
        Assert.Equal(Values("whole"), Values("killed"));
        Assert.Equal(Ticks("whole"), Ticks("killed"));
    }

    [Fact]
    public void Execute_UnknownMetric_IsNamedBeforeAFolderIsMade()
    {
        var error = Assert.Throws<UserErrorException>(() => Run("run", "metrics=fid51k"));

        Assert.Contains("`fid51k`", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["run"]));
    }

    private (double, double)[] Values(string name) =>
        [.. File.ReadAllLines(new RunFolder(_folder[name]).Metric("rfd")).Select(line => JsonDocument.Parse(line).RootElement).Select(line => (line.GetProperty("kimg").GetDouble(), line.GetProperty("results").GetProperty("rfd").GetDouble()))];

    private double[] Ticks(string name) =>
        [.. File.ReadAllLines(new RunFolder(_folder[name]).Stats).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("Progress/kimg").GetProperty("mean").GetDouble())];

    private RunOutcome Run(string name, params string[] set) => Run(name, 96, set);

    private RunOutcome Run(string name, int images, string[] set) => LocalRun.Execute(
        SmallRun.Request(_folder[name], images, set) with { StatisticsFolder = _folder["statistics"] }, new SilentDisplay(), new StopFlag(), TimeProvider.System);
}
