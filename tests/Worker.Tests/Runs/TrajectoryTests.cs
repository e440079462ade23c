using System.Text.Json;
using Atelier.Core;
using Atelier.TestKit;
using Atelier.Worker.Loop;
using Atelier.Worker.Runs;

namespace Atelier.Worker.Tests.Runs;

/// <summary>One run, one trajectory: whoever computes the shards, and however often the run is stopped.</summary>
public sealed class TrajectoryTests : IDisposable
{
    private const int Images = 64;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Execute_OneToFourHolders_SameState()
    {
        var hashes = Enumerable.Range(1, 4).Select(workers => Run($"holders{workers}", workers: workers).StateSha256).ToList();

        Assert.All(hashes, hash => Assert.Equal(hashes[0], hash));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Execute_AnyNumberOfLanes_SameState(int lanes)
    {
        Assert.Equal(Run("two", set: "lanes=2").StateSha256, Run("other", set: $"lanes={lanes}").StateSha256);
    }

    [Fact]
    public void Execute_AnotherSeed_AnotherState()
    {
        Assert.NotEqual(Run("seed0").StateSha256, Run("seed1", set: "seed=1").StateSha256);
    }

    [Fact]
    public void Execute_StoppedEveryThirdIteration_SameStateAsLeftAlone()
    {
        var alone = Run("alone");
        RunOutcome last;
        int starts = 0;
        do
        {
            last = Run("stopped", workers: 1 + (starts % 3), stopAfter: 3);
            starts++;
        }
        while (last.End == LoopEnd.Stopped && starts < 10);

        Assert.Equal(LoopEnd.Finished, last.End);
        Assert.Equal(3, starts);
        Assert.Equal(alone.StateSha256, last.StateSha256);
    }

    [Fact]
    public void Execute_FinishedRunAgain_KeepsItsState()
    {
        var first = Run("again");
        var second = Run("again");

        Assert.Equal(first.StateSha256, second.StateSha256);
        Assert.Equal(0, second.ShownNow);
    }

    [Fact]
    public void Execute_LongerRun_GoesOnFromTheEnd()
    {
        Run("longer");
        var longer = Run("longer", images: Images + 32);
        var atOnce = Run("at-once", images: Images + 32);

        Assert.Equal(32, longer.ShownNow);
        Assert.Equal(atOnce.StateSha256, longer.StateSha256);
    }

    [Fact]
    public void Execute_Labels_TrainsAConditionalNetwork()
    {
        var request = SmallRun.Request(_folder["labels"], 32, "labels=true") with { OpenData = () => TestImages.Source(20, 16, labels: 3) };
        var outcome = LocalRun.Execute(request, new SilentDisplay(), new StopFlag(), TimeProvider.System);

        Assert.Equal(LoopEnd.Finished, outcome.End);
        Assert.Equal(3, RunRecord.TryLoad(new RunFolder(_folder["labels"]))!.Spec.LabelDim);
    }

    [Theory]
    [InlineData("g-arch=orig", "d-arch=skip")]
    [InlineData("g-arch=resnet", "d-arch=orig")]
    [InlineData("g-reg-every=none", "d-reg-every=none")]
    [InlineData("conv-clamp=1", "freeze-d=2")]
    [InlineData("pl-weight=0", "style-mixing=0")]
    [InlineData("g-arch=orig", "normalisation=instance")]
    [InlineData("g-arch=orig,pin-kimg=0.02", "normalisation=pin")]
    public void Execute_OtherNetworksAndPhases_SameStateOnTwoHolders(string first, string second)
    {
        string[] set = [.. first.Split(','), second];
        Assert.Equal(
            Run("one", images: 32, set: set).StateSha256,
            Run("two", images: 32, workers: 2, set: set).StateSha256);
    }

    [Theory]
    [InlineData("instance")]
    [InlineData("demodulation")]
    public void Execute_GrowingNetworks_OneTrajectoryOnAnyHoldersAndThroughStops(string normalisation)
    {
        // 4×4, a fade to 8×8, 8×8, a fade to 16×16, 16×16; minibatches of 16, 8 and 8 images; stopped within each of these.
        string[] set = [$"normalisation={normalisation}", "growing=true", "g-arch=orig", "d-arch=orig", "growing-start=4", "growing-kimg=0.032", "fade-kimg=0.024", "level-batch=4:16", "level-lr=16:0.003"];
        var alone = Run("alone", images: 144, set: set);
        Assert.Equal(alone.StateSha256, Run("holders", workers: 4, images: 144, set: set).StateSha256);
        RunOutcome last;
        int starts = 0;
        do
        {
            last = Run("stopped", workers: 1 + (starts % 3), images: 144, stopAfter: 4, set: set);
            starts++;
        }
        while (last.End == LoopEnd.Stopped && starts < 10);

        // Three iterations of 16 images and twelve of 8.
        Assert.Equal(4, starts);
        Assert.Equal(alone.StateSha256, last.StateSha256);
    }

    [Fact]
    public void Execute_AdaptiveAugmentation_OneTrajectoryOnAnyHoldersAndThroughStops()
    {
        // Stopped between two steps of p as well as at them: the sums in between are in the snapshots.
        string[] set = ["aug=ada", "augpipe=bgcfnc", "ada-interval=2", "ada-kimg=0.064", "ada-target=0", "seed=5"];
        var alone = Run("alone", set: set);
        foreach (int workers in (int[])[2, 3, 4])
            Assert.Equal(alone.StateSha256, Run($"holders{workers}", workers: workers, set: set).StateSha256);
        RunOutcome last;
        int starts = 0;
        do
        {
            last = Run("stopped", workers: 1 + (starts % 3), stopAfter: 3, set: set);
            starts++;
        }
        while (last.End == LoopEnd.Stopped && starts < 10);

        Assert.Equal(3, starts);
        Assert.Equal(alone.StateSha256, last.StateSha256);
        Assert.Contains(File.ReadAllLines(new RunFolder(_folder["alone"]).Stats), line => JsonDocument.Parse(line).RootElement.GetProperty("Progress/augment").GetProperty("mean").GetDouble() > 0);
    }

    [Fact]
    public void Execute_FixedAugmentation_IsAnotherTrajectoryAndSaysItsP()
    {
        string[] set = ["aug=fixed", "aug-p=0.25"];
        var display = new SilentDisplay();
        var outcome = LocalRun.Execute(SmallRun.Request(_folder["fixed"], 32, set), display, new StopFlag(), TimeProvider.System);

        Assert.NotEqual(Run("none", images: 32).StateSha256, outcome.StateSha256);
        Assert.All(display.Ticks, tick => Assert.Contains(" augment 0.250 ", tick.Text, StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();

    private RunOutcome Run(string name, int workers = 1, int images = Images, int? stopAfter = null, params string[] set)
    {
        var stop = new StopFlag();
        int iterations = 0;
        var display = new SilentDisplay
        {
            OnProgress = _ =>
            {
                if (++iterations == stopAfter)
                    stop.Request();
            },
        };
        return LocalRun.Execute(SmallRun.Request(_folder[name], images, set) with { Workers = workers }, display, stop, TimeProvider.System);
    }
}
