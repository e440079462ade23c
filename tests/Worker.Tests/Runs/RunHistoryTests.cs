using System.Globalization;
using Atelier.Core;
using Atelier.Core.Runs;
using Atelier.TestKit;
using Atelier.Training.Imaging;
using Atelier.Worker.Runs;

namespace Atelier.Worker.Tests.Runs;

/// <summary>What a run's files tell the next start, and the pictures that are drawn from them.</summary>
public sealed class RunHistoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SilentDisplay _display = new();

    private RunFolder Run => new(_folder.Path);

    private RunFiles Files => new(_display);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Rewind_ToASnapshot_CutsOffWhatLiesBehindItAndHalfALine()
    {
        WriteTicks(4, 8, 12, 16);
        File.AppendAllText(Run.Stats, "{\"Progress/tick\":");

        Assert.Equal(2, RunHistory.Rewind(Run, Files, ImageCount.FromKimg(10)));

        Assert.Equal([4.0, 8.0], RunHistory.Lines(Run.Stats).Select(tick => TickLines.Mean(tick, "Progress/kimg")!.Value));
        Assert.Equal(0, RunHistory.Rewind(Run, Files, ImageCount.Zero));
        Assert.Empty(RunHistory.Lines(Run.Stats));
    }

    [Fact]
    public void Values_AfterARollback_AreThoseOfTheNewBranch()
    {
        WriteMetric((8, 50), (16, 300), (16, 40), (24, 30));

        Assert.Equal([(8, 50), (16, 40), (24, 30)], RunHistory.Values(Run.Metric("rfd")).Select(point => (point.Kimg, point.Value)));
        Assert.Equal(new MetricValue("rfd", 30), RunHistory.LatestMetric(Run, "rfd"));
        Assert.Equal(TimeSpan.FromSeconds(2.5), RunHistory.MeasuringTime(Run, ["rfd", "droplet"]));
    }

    /// <summary>A file from before stats.jsonl was cut at a resume runs backwards; the picture does not.</summary>
    [Fact]
    public void DrawCurves_OfTicksThatRunBackwards_IsThatOfTheRunLeftAlone()
    {
        WriteTicks(4, 8, 12, 16, 20);
        WriteMetric((8, 50), (16, 40));
        byte[] alone = Draw();

        WriteTicks(4, 8, 12, 8, 12, 16, 20);
        Assert.Equal(alone, Draw());
        WriteTicks(4, 8, 12, 16, 20, 24);
        Assert.NotEqual(alone, Draw());
    }

    [Fact]
    public void DrawCurves_WithAShortLastTick_LeavesItOut()
    {
        WriteTicks(4, 8, 12, 16);
        byte[] whole = Draw();

        WriteTicks(4, 8, 12, 16, 16.5);

        Assert.Equal(whole, Draw());
    }

    [Fact]
    public void DrawCurves_WithoutAugmentation_HasNoPanelForIt()
    {
        WriteTicks(4, 8, 12);
        var plain = Size(Draw());
        WriteTicks([4, 8, 12], augment: 0.1);

        Assert.Equal(plain.Height + 450, Size(Draw()).Height);
    }

    [Fact]
    public void ResolutionHistory_OfRuns_SharesInPercentOverTheSameAxes()
    {
        WriteTicks(4, 8, 12);
        Assert.Null(ResolutionHistory.TryRead(Run)); // as of generators without an image at each resolution
        File.WriteAllLines(Run.Stats, Enumerable.Range(1, 3).Select(tick => string.Create(
            CultureInfo.InvariantCulture,
            $$$"""{"Progress/kimg":{"num":1,"mean":{{{tick}}}},"Usage/4":{"num":1,"mean":{{{1 - (.2 * tick)}}}},"Usage/16":{"num":1,"mean":{{{.2 * tick}}}}}""")));
        var history = ResolutionHistory.TryRead(Run)!;

        Assert.Equal(["4", "16"], history.Resolutions.Select(curve => curve.Name));
        Assert.Equal([80.0, 60, 40], history.Resolutions[0].Points.Select(point => Math.Round(point.Y, 6)));
        Assert.Equal(new ImageSize(1440, 900), Size(ResolutionHistory.ToPng([history, history with { Name = "other" }])));
    }

    [Fact]
    public void DrawCurves_AfterAStopAndAfterAKill_MarksTheStopAlone()
    {
        WriteTicks(4, 8, 12);
        byte[] alone = Draw();
        File.WriteAllLines(Run.Events, ["""{"event":"started","kimg":0}""", """{"event":"resumed","kimg":8}"""]);
        Assert.Equal(alone, Draw());

        File.WriteAllLines(Run.Events, ["""{"event":"started","kimg":0}""", """{"event":"stopped","kimg":8}""", """{"event":"resumed","kimg":8}"""]);
        byte[] stopped = Draw();
        Assert.NotEqual(alone, stopped);

        File.AppendAllLines(Run.Events, ["""{"event":"branch-begun","branch":1,"kimg":8}"""]);
        Assert.NotEqual(stopped, Draw());
    }

    [Fact]
    public void AllFakes_OfAnOldAndANewRun_AreInOrderFromTheFirstGrid()
    {
        Directory.CreateDirectory(Run.Samples);
        foreach (string file in new[] { Run.InitialFakes, _folder["fakes000002.png"], _folder["fakes000002.512.png"], Run.Picture(RunFileNames.Fakes(new ImageCount(3000))), Run.Picture(RunFileNames.Fakes(new ImageCount(10_000))) })
            File.WriteAllBytes(file, []);

        Assert.Equal([0, 2000, 2512, 3000, 10_000], Run.AllFakes().Select(grid => grid.At.Images));
        Assert.EndsWith("samples/fakes000003.000.png", Run.Picture(RunFileNames.Fakes(new ImageCount(3000))), StringComparison.Ordinal);
    }

    private byte[] Draw()
    {
        Assert.Equal(Run.Curves, RunPictures.DrawCurves(Run, Files));
        Assert.Empty(_display.Lines);
        return File.ReadAllBytes(Run.Curves);
    }

    private static ImageSize Size(byte[] png) => ImageCodec.Decode(png, RgbColor.White).Size;

    private void WriteTicks(params double[] kimg) => WriteTicks(kimg, augment: 0);

    private void WriteTicks(double[] kimg, double augment) => File.WriteAllLines(Run.Stats, kimg.Select((at, tick) => string.Create(
        CultureInfo.InvariantCulture,
        $$$"""{"Loss/G/loss":{"num":1,"mean":{{{Math.Sin(at)}}}},"Loss/D/loss":{"num":1,"mean":{{{Math.Cos(at)}}}},"Loss/signs/real":{"num":1,"mean":0.5},"Progress/tick":{"num":1,"mean":{{{tick}}}},"Progress/kimg":{"num":1,"mean":{{{at}}}},"Progress/augment":{"num":1,"mean":{{{augment}}}}}""")));

    private void WriteMetric(params (double Kimg, double Value)[] values) => File.WriteAllLines(Run.Metric("rfd"), values.Select(value => string.Create(
        CultureInfo.InvariantCulture, $$$"""{"results":{"rfd":{{{value.Value}}}},"metric":"rfd","total_time":2.5,"kimg":{{{value.Kimg}}}}""")));
}
