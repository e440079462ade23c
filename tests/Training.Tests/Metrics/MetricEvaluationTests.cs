using Atelier.Core;
using Atelier.Core.Metrics;
using Atelier.Training.Data;
using Atelier.Training.Exports;
using Atelier.Training.Metrics;
using Atelier.Training.Metrics.Detectors;
using Atelier.Training.Metrics.Samples;
using Atelier.Training.Tests.Data;
using Atelier.Training.Tests.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Metrics;

public sealed class MetricEvaluationTests : IDisposable
{
    private const int Samples = 600; // three ranges

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("rfd")]
    [InlineData("fid50k_full")]
    [InlineData("kid50k_full")]
    [InlineData("pr50k3_full")]
    [InlineData("is50k")]
    [InlineData("ppl2_wend")]
    [InlineData("ppl_zfull")]
    public void Run_AnyNumberOfLanes_SameBits(string name)
    {
        var one = Run(name, lanes: 1);

        Assert.All(one.Values, value => Assert.True(double.IsFinite(value), $"{value}"));
        Assert.Equal(one.Values, Run(name, lanes: 3).Values);
        Assert.Equal(Samples, one.Samples);
    }

    [Fact]
    public void Run_OtherSeed_OtherSamples() => Assert.NotEqual(Run("rfd", lanes: 1).Value, Run("rfd", lanes: 1, seed: 1).Value);

    [Fact]
    public void Run_WithTheImagesInTheCache_SameBits()
    {
        double computed = Run("rfd", lanes: 2, cache: _folder.Path).Value;

        Assert.NotEmpty(Directory.GetFiles(_folder.Path, "*.safetensors"));
        Assert.Equal(computed, Run("rfd", lanes: 2, cache: _folder.Path).Value);
    }

    [Fact]
    public void Run_NetworkOfNaN_NamesTheSampleAndItsSeed()
    {
        var error = Assert.Throws<UserErrorException>(() => Run("rfd", lanes: 2, seed: 5, damage: true));

        Assert.Matches(@"sample \d+ \(seed 5\)", error.Message);
    }

    [Fact]
    public void Run_TooFewImages_SaysBothNumbers()
    {
        var error = Assert.Throws<UserErrorException>(() => Run("pr50k3_full", lanes: 1, images: 3));

        Assert.Contains("4 real images", error.Message, StringComparison.Ordinal);
        Assert.Contains("has 3", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rfd")]
    [InlineData("kid50k_full")]
    public void Run_StatisticsFromTheCache_SameBits(string name)
    {
        string cache = Path.Combine(_folder.Path, "cache");

        Assert.Equal(Run(name, lanes: 1, cache: cache).Values, Run(name, lanes: 1, cache: cache).Values);
    }

    [Fact]
    public void Run_ConditionalNetworkWithoutLabels_SaysBothNumbers()
    {
        var error = Assert.Throws<UserErrorException>(() => Run("rfd", lanes: 1, labels: 3));

        Assert.Contains("labels of 3 numbers", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_Progress_EndsWithAllSamples()
    {
        var seen = new List<EvaluationProgress>();
        Run("rfd", lanes: 1, progress: new Listener(seen.Add));

        Assert.Equal(["real images", "generated images"], seen.Select(step => step.What).Distinct());
        Assert.Equal((Samples, Samples), (seen[^1].Done, seen[^1].Total));
    }

    [Fact]
    public void RangeLanes_RunOutOfOrder_AreTakenInOrder()
    {
        var ranges = SampleRange.Cut(3 * SampleRange.Size);
        using var later = new CountdownEvent(2);
        var taken = new List<int>();

        RangeLanes.Run(
            ranges, lanes: 3,
            range =>
            {
                // The first range waits for both others.
                if (range.Start == 0)
                    later.Wait(TestContext.Current.CancellationToken);
                else
                    later.Signal();
                return new MemoryStream([(byte)(range.Start / SampleRange.Size)]);
            },
            (range, result) => taken.Add(result.ToArray()[0]),
            TestContext.Current.CancellationToken);

        Assert.Equal([0, 1, 2], taken);
    }

    [Fact]
    public void RangeLanes_FailingRange_EndsAllWithItsError()
    {
        var error = Assert.Throws<InvalidDataException>(() => RangeLanes.Run<MemoryStream>(
            SampleRange.Cut(50_000), lanes: 2, range => range.Start == 1024 ? throw new InvalidDataException("here") : new MemoryStream(), (_, _) => { }, CancellationToken.None));

        Assert.Equal("here", error.Message);
    }

    private MetricReport Run(
        string name, int lanes, ulong seed = 0, string? cache = null, bool damage = false, int images = 20, int labels = 0, IProgress<EvaluationProgress>? progress = null)
    {
        using var scope = NewDisposeScope();
        using var state = SmallModel.State(SmallModel.Config(labels: labels));
        if (damage)
            state.GeneratorAverage.fill_(double.NaN);
        using var generator = NetworkFile.Use(state, CPU);
        using var dataset = TestSource.Open(TestSource.Of(images, width: 16, height: 16));
        using var evaluation = new MetricEvaluation(
            dataset,
            new EvaluationOptions
            {
                Device = CPU,
                Detectors = new DetectorFiles([DetectorTests.Inception, DetectorTests.Vgg16]),
                Cache = new RealStatisticsCache(cache ?? Path.Combine(_folder.Path, Guid.NewGuid().ToString("N")), _ => { }),
                Lanes = lanes,
                Seed = seed,
                Samples = Samples,
            },
            TimeProvider.System);
        return evaluation.Run(MetricCatalog.Find(name), generator.Network, progress, CancellationToken.None);
    }

    private sealed class Listener(Action<EvaluationProgress> seen) : IProgress<EvaluationProgress>
    {
        public void Report(EvaluationProgress value) => seen(value);
    }
}
