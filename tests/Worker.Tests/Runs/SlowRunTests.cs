using Atelier.Core.Runs;
using Atelier.TestKit;
using Atelier.Worker.Loop;
using Atelier.Worker.Runs;

namespace Atelier.Worker.Tests.Runs;

/// <summary>A run whose iterations take minutes: what is due by time, and that nothing of the run's numbers depends on it.</summary>
public sealed class SlowRunTests : IDisposable
{
    private static readonly string[] Keys = ["tick-kimg=0.064", "snapshot-kimg=0.064", "metrics-every=0.064", "metrics=droplet", "keep-last=1", "rollbacks=1", "patience=10"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Execute_IterationsOfMinutes_ALineAMinuteASnapshotAnHourAndTheSameNumbers()
    {
        var quick = Run("quick", TimeSpan.Zero, out var quickDisplay);
        var slow = Run("slow", TimeSpan.FromMinutes(25), out var slowDisplay);

        Assert.Equal(quick.StateSha256, slow.StateSha256);
        Assert.Empty(quickDisplay.Interims);
        Assert.Equal(14, slowDisplay.Interims.Count); // 16 iterations, 2 of them end a tick
        Assert.Equal(["000000.064", "000000.128"], Written("quick"));
        Assert.Equal(["000000.024", "000000.048", "000000.064", "000000.088", "000000.112", "000000.128"], Written("slow"));
        // As many of the periodic ones as without the others.
        Assert.Equal(Kept("quick"), Kept("slow"));
        Assert.Equal(Values("quick", "stats.jsonl", "Loss/G/loss"), Values("slow", "stats.jsonl", "Loss/G/loss"));
        Assert.Equal(File.ReadAllBytes(new RunFolder(_folder["quick/run"]).Curves), File.ReadAllBytes(new RunFolder(_folder["slow/run"]).Curves));
        Assert.Equal(Metrics("quick"), Metrics("slow"));
    }

    [Fact]
    public void Execute_AgainFromASnapshotWithinATick_TicksAndNumbersGoOn()
    {
        Run("alone", TimeSpan.Zero, out _);
        Run("stopped", TimeSpan.Zero, out _, stopAt: 40);
        Run("stopped", TimeSpan.Zero, out _, stopAt: 96);
        Run("stopped", TimeSpan.Zero, out _);

        foreach (string name in new[] { "Loss/G/loss", "Loss/D/loss", "Loss/scores/real", "Gradients/norm/Gmain", "Progress/tick", "Progress/kimg" })
            Assert.Equal(Values("alone", "stats.jsonl", name), Values("stopped", "stats.jsonl", name));
        Assert.Equal(Metrics("alone"), Metrics("stopped"));
    }

    [Fact]
    public void Execute_ALongRun_SaysOnceHowLongItTakes()
    {
        Run("long", TimeSpan.FromMinutes(10), out var display, set: "kimg=1", stopAt: 40);

        Assert.Equal("this run will take about 20 hours on this machine (1 kimg at 0.013 img/s); use --kimg N for a shorter run, or --recipe demo to train a small network in minutes", Estimate(display) ?? "none");

        static string? Estimate(SilentDisplay display) => display.Lines.SingleOrDefault(line => line.StartsWith("this run will take about", StringComparison.Ordinal));
    }

    /// <summary>As in the demo: the run ends when its time is over, or at its last image, whichever is first.</summary>
    [Theory]
    [InlineData(70, 60, "ETA 10m 00s")]
    [InlineData(100_000, 60, "ETA 20m 00s")]
    public void Execute_WithATimeLimit_TheRemainingTimeIsTheShorter(int limitMinutes, int afterMinutes, string eta)
    {
        var seen = new Dictionary<double, RunProgress>();
        var time = new ManualTime();
        var display = new SilentDisplay
        {
            OnProgress = progress =>
            {
                seen[(time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalMinutes] = progress;
                time.Advance(TimeSpan.FromMinutes(20));
            },
        };
        double began = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalMinutes;

        LocalRun.Execute(SmallRun.Request(_folder[$"{limitMinutes}/run"], 40, "metrics=none") with { TimeLimit = TimeSpan.FromMinutes(limitMinutes) }, display, new StopFlag(), time);

        Assert.Contains(eta, seen[began + afterMinutes].ToLine(), StringComparison.Ordinal);
    }

    private RunOutcome Run(string name, TimeSpan iteration, out SilentDisplay display, string? set = null, int stopAt = int.MaxValue)
    {
        var time = new ManualTime();
        var stop = new StopFlag();
        display = new SilentDisplay
        {
            OnProgress = progress =>
            {
                time.Advance(iteration);
                if (progress.Now.Images >= stopAt)
                    stop.Request();
            },
        };
        var request = SmallRun.Request(_folder[$"{name}/run"], 128, set is null ? Keys : [.. Keys, set]) with { StatisticsFolder = _folder["statistics"] };
        return LocalRun.Execute(set is null ? request : request with { Overrides = [.. request.Overrides.Where(key => key.Key.Name != "kimg"), Core.Specs.SpecAssignment.Parse(set)] }, display, stop, time);
    }

    private string[] Written(string name) => [.. RunHistory.Lines(new RunFolder(_folder[$"{name}/run"]).Events).Where(line => line.GetProperty("event").GetString() == "snapshot-written").Select(line => line.GetProperty("snapshot").GetString()!)];

    private string[] Kept(string name) => [.. Directory.GetDirectories(new RunFolder(_folder[$"{name}/run"]).Snapshots).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    private double?[] Values(string name, string file, string value) => [.. RunHistory.Lines(Path.Combine(_folder[$"{name}/run"], file)).Select(line => TickLines.Mean(line, value))];

    private IReadOnlyList<(double, double)> Metrics(string name) => [.. RunHistory.Values(new RunFolder(_folder[$"{name}/run"]).Metric("droplet")).Select(point => (point.Kimg, point.Value))];
}
