using System.Globalization;
using Atelier.Dashboard.Curves;
using Atelier.Dashboard.Sources;
using Atelier.TestKit;

namespace Atelier.Dashboard.Tests.Sources;

/// <summary>What is read of a run that went back to a snapshot: its own line, without what it left behind.</summary>
public sealed class RunFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private RunFiles Files => new(_folder.Path, TimeProvider.System);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Curves_OfAFileThatWasWrittenAnewAndGrew_AreThoseOfTheNewOne()
    {
        var files = Files;
        WriteTicks(value: 1, Enumerable.Range(1, 10));
        Assert.Equal(10, (await CurvesAsync(files)).Ticks);

        // Back to 20 kimg, and on to more than had been read, before anybody looks again.
        WriteTicks(value: 1, Enumerable.Range(1, 5), then: Enumerable.Range(6, 10));

        var view = await CurvesAsync(files);
        Assert.Equal(Enumerable.Range(1, 15).Select(tick => tick * 4.0), view.Kimg);
        Assert.Equal(Enumerable.Range(1, 15).Select(tick => tick <= 5 ? 1.0 : 2.0), view.Series["Loss/G/loss"]);
    }

    [Fact]
    public async Task Metrics_AfterARollback_AreThoseOfTheNewBranch()
    {
        static string Line(int kimg, double value) => string.Create(CultureInfo.InvariantCulture, $$$"""{"results":{"rfd":{{{value}}}},"metric":"rfd","kimg":{{{kimg}}},"snapshot_pkl":"snapshots/{{{kimg:000000}}}"}""");
        await File.WriteAllLinesAsync(_folder["metric-rfd.jsonl"], [Line(8, 50), Line(16, 40), Line(24, 300), Line(16, 39), "{\"results\""], Cancellation);

        var metric = Assert.Single(await Files.MetricsAsync(Cancellation));

        Assert.Equal([(8, 50, "000008"), (16, 39, "000016")], metric.Points.Select(point => (point.Kimg, point.Value, point.Snapshot)));
        Assert.Equal(39, await Files.NewestAsync("rfd", Cancellation));
    }

    private static async Task<CurveView> CurvesAsync(RunFiles files) => await files.CurvesAsync(new(), () => Task.FromResult<IEnumerable<string>>([]), Cancellation);

    private void WriteTicks(int value, IEnumerable<int> ticks, IEnumerable<int>? then = null)
    {
        static string Line(int tick, int value) => $$$"""{"Progress/kimg":{"mean":{{{tick * 4}}}},"Loss/G/loss":{"mean":{{{value}}}}}""";
        File.WriteAllLines(_folder["stats.jsonl"], [.. ticks.Select(tick => Line(tick, value)), .. (then ?? []).Select(tick => Line(tick, value + 1))]);
    }
}
