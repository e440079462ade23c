using Atelier.Core;
using Atelier.Core.Metrics;
using Atelier.Training.Analysis;
using Atelier.Training.Exports;
using Atelier.Training.Metrics.Samples;
using Atelier.Training.Networks;
using Atelier.Training.Tests.Data;
using Atelier.Training.Tests.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Analysis;

public sealed class FeatureEnergyTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public void PeakToMedian_OneSpike_IsItsEnergyOverTheBackground()
    {
        using var scope = NewDisposeScope();
        var features = ones([1, 2, 8, 8], ScalarType.Float32);
        features[0, 0, 1, 6] = 3;
        features[0, 1, 1, 6] = 5;
        var energy = FeatureEnergy.Map(features);

        Assert.Equal(17, FeatureEnergy.PeakToMedian(energy).item<float>(), 1e-4);
        Assert.Equal(new MapPosition(1.5 / 8, 6.5 / 8), Assert.Single(FeatureEnergy.Peaks(energy)));
        float[] regions = FeatureEnergy.ByRegion(energy, 2).flatten().data<float>().ToArray();
        Assert.Equal([1, 17, 1, 1], regions.Select(value => Math.Round(value, 4)));
    }

    [Fact]
    public void Analyse_PlantedSpike_RaisesTheScoreAndIsFound()
    {
        using var state = SmallModel.State(SmallModel.Config());
        using var loaded = NetworkFile.Use(state, CPU);
        var samples = new SeededSamples(loaded.Network, CPU);
        var clean = new DropletAnalysis(samples, new DropletOptions(NoiseDraws: 3)).Analyse(5);
        loaded.Network.Hook = new Spike("b16.conv0", row: 3, column: 12);
        var spiked = new DropletAnalysis(samples, new DropletOptions(NoiseDraws: 3)).Analyse(5);

        Assert.Equal(loaded.Network.Layers.Select(layer => layer.Name), clean.Layers.Select(layer => layer.Layer));
        Assert.True(spiked.Score > 5 * clean.Score, $"{spiked.Score} is not far above {clean.Score}");
        var found = spiked.Layers.Single(layer => layer.Layer == "b16.conv0");
        Assert.Equal((3.5 / 16, 12.5 / 16, 0.0), (found.PeakRow, found.PeakColumn, found.NoiseSpread));
        Assert.Equal(found.Regions.Max(), found.Regions[3]);
        Assert.Equal(spiked.Score, DropletSummary.Of([spiked, spiked]).Score, 1e-9);
    }

    [Fact]
    public void Compute_DropletsOfSamples_AreTheSameAloneAndAmongOthersAndRiseWithASpike()
    {
        using var scope = NewDisposeScope();
        using var state = SmallModel.State(SmallModel.Config());
        using var loaded = NetworkFile.Use(state, CPU);
        var samples = new DropletSamples(loaded.Network, new EvaluationDraws(1, loaded.Network.Config, new LabelSource(0, (_, _) => { }), CPU), 40);
        var all = samples.Compute(new SampleRange(0, 40));
        loaded.Network.Hook = new Spike("b16.conv1", 2, 2);
        var spiked = samples.Compute(new SampleRange(16, 16));

        Assert.Equal([40, 1], all.shape);
        Assert.True(all.min().item<float>() >= 0, "a peak is below its median");
        Assert.True((spiked - all.narrow(0, 16, 16)).min().item<float>() > 1);
    }

    [Fact]
    public void Measure_LoudestUnitAblated_ChangesLessThanAllOthers()
    {
        using var state = SmallModel.State(SmallModel.Config());
        using var loaded = NetworkFile.Use(state, CPU);
        var samples = new SeededSamples(loaded.Network, CPU);
        var layer = LayerSelection.Find(loaded.Network, "b8.conv1");
        loaded.Network.Hook = new UnitScaling(new Dictionary<string, float[]> { [layer.Name] = [1, 1, 40, 1, 1, 1, 1, 1] }, CPU);
        var ablation = new UnitAblation(samples, [1, 2, 3]);

        Assert.Equal(2, ablation.LoudestAtPeak(layer, 3)[0]);
        var (one, rest) = (ablation.Measure(layer, 2, allBut: false), ablation.Measure(layer, 3, allBut: true));
        Assert.Equal(one.ScoreBefore, rest.ScoreBefore, 1e-6);
        Assert.True(one.ImageChange > 0 && rest.ImageChange > 0);
        Assert.NotEqual(one.ScoreBefore, one.ScoreAfter);
    }

    [Fact]
    public void Find_LayerThatDoesNotExist_NamesTheNearest()
    {
        using var state = SmallModel.State(SmallModel.Config());
        using var loaded = NetworkFile.Use(state, CPU);
        var error = Assert.Throws<UserErrorException>(() => LayerSelection.Find(loaded.Network, "b8.conv2"));
        Assert.Contains("Did you mean `b8.conv", error.Message, StringComparison.Ordinal);
        Assert.Contains("b4.conv1, b8.conv0, b8.conv1, b16.conv0, b16.conv1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ledger_StoppedInTheMiddleOfALine_GoesOnAfterTheLastWholeOne()
    {
        string path = Path.Combine(_folder.Path, "results.jsonl");
        using (var ledger = new ResultLedger<SeedDroplets>(path, "a"))
        {
            ledger.Add(new(3, 1.5, []));
            ledger.Add(new(4, 2.5, []));
        }
        File.WriteAllText(path, File.ReadAllText(path)[..^4]);
        using (var again = new ResultLedger<SeedDroplets>(path, "a"))
        {
            Assert.Equal([3u], again.Results.Select(result => result.Seed));
            again.Add(new(4, 2.5, []));
        }
        using (var whole = new ResultLedger<SeedDroplets>(path, "a"))
            Assert.Equal([1.5, 2.5], whole.Results.Select(result => result.Score));
        using var other = new ResultLedger<SeedDroplets>(path, "b");
        Assert.Empty(other.Results);
    }

    public void Dispose() => _folder.Dispose();

    private sealed class Spike(string layer, int row, int column) : IFeatureHook
    {
        public Tensor Visit(SynthesisLayerName name, Tensor features)
        {
            if (name.Name != layer)
                return features;
            var spiked = features.clone();
            spiked.narrow(2, row, 1).narrow(3, column, 1).fill_(50);
            return spiked;
        }
    }
}
