using Atelier.Core;
using Atelier.Storage.Safetensors;
using Atelier.Training.Analysis;
using Atelier.Training.Exports;
using Atelier.Training.Imaging;
using Atelier.Training.Tests.Data;
using Atelier.Training.Tests.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Analysis;

public sealed class ProjectionJobTests : IDisposable
{
    private static readonly ProjectionOptions Short = new() { Steps = 6, StyleSamples = 50 };

    private readonly TempFolder _folder = new();
    private readonly RandomPerceptualNet _net = new(CPU);
    private readonly LoadedGenerator _network;
    private readonly LoadedGenerator _conditional;

    public ProjectionJobTests()
    {
        using var state = SmallModel.State(SmallModel.Config());
        _network = NetworkFile.Use(state, CPU);
        using var labelled = SmallModel.State(SmallModel.Config(labels: 3));
        _conditional = NetworkFile.Use(labelled, CPU);
    }

    public void Dispose()
    {
        _network.Dispose();
        _conditional.Dispose();
        _net.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Run_StoppedAfterEveryStep_SameBitsAsInOneGo()
    {
        var whole = Job("whole", Short with { Frames = 3 }).Run(Targets(3), null, CancellationToken.None);
        IReadOnlyList<ProjectedImage>? parts = null;
        for (int tries = 0; parts is null && tries < 100; tries++)
        {
            using var stop = new CancellationTokenSource();
            try
            {
                parts = Job("parts", Short with { Frames = 3 }).Run(Targets(3), new Callback(progress => { if (progress.Distance is not null) stop.Cancel(); }), stop.Token);
            }
            catch (OperationCanceledException)
            {
                // As a person would, the same again.
            }
        }

        Assert.Equal(["a0", "a1", "a2"], parts!.Select(result => result.Name));
        Assert.All(whole.Zip(parts!), pair => Assert.Equal(File.ReadAllBytes(pair.First.File), File.ReadAllBytes(pair.Second.File)));
        Assert.All(whole.Zip(parts!), pair => Assert.Equal(pair.First.Distance, pair.Second.Distance));
        Assert.False(File.Exists(Path.Combine(_folder.Path, "parts", "unfinished.safetensors")));
    }

    [Fact]
    public void Run_Killed_GoesOnFromTheSavedState()
    {
        var whole = Job("whole", Short).Run(Targets(2), null, CancellationToken.None);
        // What a kill leaves: the state of some steps ago, and no file of a result.
        Assert.Throws<InvalidTimeZoneException>(() => Job("killed", Short).Run(Targets(2), new Callback(progress => { if (progress.Step == 5) throw new InvalidTimeZoneException(); }), CancellationToken.None));
        Assert.True(File.Exists(Path.Combine(_folder.Path, "killed", "unfinished.safetensors")));
        var steps = new List<int>();
        var resumed = Job("killed", Short).Run(Targets(2), new Callback(progress => { if (progress.Distance is not null) steps.Add(progress.Step); }), CancellationToken.None);

        Assert.Equal([5, 6], steps);
        Assert.All(whole.Zip(resumed), pair => Assert.Equal(File.ReadAllBytes(pair.First.File), File.ReadAllBytes(pair.Second.File)));
    }

    [Fact]
    public void Run_Finished_ReadsTheFilesAndComputesNothing()
    {
        var first = Job("done", Short).Run(Targets(2), null, CancellationToken.None);
        var again = Job("done", Short).Run(Targets(2), new Callback(progress => Assert.Null(progress.Distance)), CancellationToken.None);

        Assert.Equal(first, again);
        Assert.All(first, result => Assert.True(File.Exists(Path.ChangeExtension(result.File, ".png"))));
        using var file = SafetensorsReader.Open(first[0].File);
        Assert.Equal([1, 16], file["w"].Shape);
        Assert.Equal([1, 1, 16, 16], file["noise.4"].Shape);
        Assert.Equal(_net.Name, file.Metadata["perceptual_net"]);
        Assert.Equal(new ImageSize(32, 16), ImageCodec.Decode(File.ReadAllBytes(Path.Combine(_folder.Path, "done", "a0-compared.png")), RgbColor.White).Size);
    }

    [Fact]
    public void Run_OtherOptionsInTheSameFolder_AreRefused()
    {
        Job("done", Short).Run(Targets(1), null, CancellationToken.None);

        Assert.Contains("a different projection", Assert.Throws<UserErrorException>(() => Job("done", Short with { Seed = 1 }).Run(Targets(1), null, CancellationToken.None)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_WPlusWithVideo_OneStylePerLayerAndAVideo()
    {
        var result = Job("plus", Short with { Space = StyleSpace.WPlus, Frames = 3 }).Run(Targets(1), null, CancellationToken.None).Single();

        using var file = SafetensorsReader.Open(result.File);
        Assert.Equal([1, 6, 16], file["w"].Shape);
        Assert.Equal([3, 6, 16], file["w_path"].Shape);
        Assert.True(File.Exists(Path.ChangeExtension(result.File, VideoWriter.HasFfmpeg() ? ".mp4" : ".webp")));
    }

    [Fact]
    public void Run_ImageOfAnotherSize_SaysBothSizes()
    {
        var error = Assert.Throws<UserErrorException>(() => Job("x", Short).Run([new ProjectionTarget("photo", RgbImage.Filled(20, 10, RgbColor.White))], null, CancellationToken.None));

        Assert.All(["photo", "20x10", "16x16", "--resize fit"], part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null, "from 0 to 2")]
    [InlineData(3, "no class 3", "from 0 to 2")]
    [InlineData(-1, "no class -1", "from 0 to 2")]
    public void Run_ClassThatDoesNotExist_SaysTheRange(int? label, params string[] parts)
    {
        var job = new ProjectionJob(_conditional, _net, Short, Path.Combine(_folder.Path, "labels"));
        var error = Assert.Throws<UserErrorException>(() => job.Run([.. Targets(1).Select(target => target with { Label = label })], null, CancellationToken.None));

        Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.Single(job.Run([.. Targets(1).Select(target => target with { Label = 2 })], null, CancellationToken.None));
    }

    [Fact]
    public void Run_TwoImagesOfOneName_NamesThem() =>
        Assert.Contains("two images are named a0", Assert.Throws<UserErrorException>(() => Job("x", Short).Run([.. Targets(1), .. Targets(1)], null, CancellationToken.None)).Message, StringComparison.Ordinal);

    [Fact]
    public void Run_VideoOfOneFrame_IsRefused() =>
        Assert.Contains("at least 2 frames", Assert.Throws<UserErrorException>(() => Job("x", Short with { Frames = 1 }).Run(Targets(1), null, CancellationToken.None)).Message, StringComparison.Ordinal);

    [Fact]
    public void Detection_Distances_AreaUnderTheirCurve()
    {
        Assert.Equal(1, new Detection([1, 2], [3, 4]).AreaUnderCurve);
        Assert.Equal(0.5, new Detection([1, 1], [1, 1]).AreaUnderCurve);
        Assert.Equal(0, new Detection([3], [1, 2]).AreaUnderCurve);
        // Of nine pairs the real one is further in six, equal in two.
        Assert.Equal(7.0 / 9, new Detection([1, 3, 4], [3, 4, 5]).AreaUnderCurve, 12);
        Assert.InRange(new Detection([1, 2, 3], [5, 6, 7]).BestThreshold, 3, 5);
        Assert.Equal([0.25, 0.25, 0, 0.5], HistogramFigure.Shares([0, 1, 3, 4], 0, 1, 4));
        Assert.Equal(1440, ImageCodec.Decode(new Detection([1, 2, 2], [3, 4]).ToPng("LPIPS"), RgbColor.White).Width);
    }

    private ProjectionJob Job(string folder, ProjectionOptions options) => new(_network, _net, options, Path.Combine(_folder.Path, folder)) { AtOnce = 2, SaveEvery = 2 };

    private List<ProjectionTarget> Targets(int count)
    {
        var pictures = new NetworkPictures(_network.Network);
        using var scope = NewDisposeScope();
        uint[] seeds = [.. Enumerable.Range(0, count).Select(i => (uint)i)];
        return [.. pictures.Draw(pictures.Styles(pictures.Latents(seeds), null)).Select((picture, i) => new ProjectionTarget($"a{i}", picture))];
    }

    private sealed class Callback(Action<ProjectionProgress> report) : IProgress<ProjectionProgress>
    {
        public void Report(ProjectionProgress value) => report(value);
    }
}
