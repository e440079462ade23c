using System.Text.Json;
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

    [Fact]
    public void Execute_UnknownMetric_IsNamedBeforeAFolderIsMade()
    {
        var error = Assert.Throws<UserErrorException>(() => Run("run", "metrics=fid51k"));

        Assert.Contains("`fid51k`", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["run"]));
    }

    private RunOutcome Run(string name, params string[] set) => LocalRun.Execute(
        SmallRun.Request(_folder[name], 96, set) with { StatisticsFolder = _folder["statistics"] }, new SilentDisplay(), new StopFlag(), TimeProvider.System);
}
