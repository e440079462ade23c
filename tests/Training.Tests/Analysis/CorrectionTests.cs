using Atelier.Core;
using Atelier.Core.Specs;
using Atelier.Training.Analysis;
using Atelier.Training.Analysis.Correction;
using Atelier.Training.Exports;
using Atelier.Training.Networks;
using Atelier.Training.Step;
using Atelier.Training.Tests.Data;
using Atelier.Training.Tests.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Analysis;

/// <summary>Automatic correction of internal units, on a generator with artifacts planted by scaling known units.</summary>
public sealed class CorrectionTests : IDisposable
{
    private const string PlantedLayer = "b32.conv1";

    private static readonly int[] PlantedUnits = [1, 6];

    private readonly TempFolder _folder = new();

    [Theory]
    [InlineData(Normalisation.Instance)]
    [InlineData(Normalisation.Demodulation)]
    public void SequentialCorrection_PlantedArtifacts_LeadTheRankingAndTheirImagesComeCloserToCleanOnes(Normalisation normalisation)
    {
        using var clean = Network(.3f, normalisation);
        using var planted = Network(30, normalisation);
        var (cleanSamples, plantedSamples) = (new SeededSamples(clean.Network, CPU), new SeededSamples(planted.Network, CPU));
        uint[] seeds = [.. Enumerable.Range(0, 12).Select(seed => (uint)seed)];
        using var scope = NewDisposeScope();
        // The artifact is where planted and clean images differ.
        Tensor Artifact(uint seed)
        {
            var difference = (plantedSamples.Images([seed]) - cleanSamples.Images([seed])).abs().mean([1L]).squeeze(0);
            return difference / difference.max();
        }
        var scores = UnitScores.Defective([.. seeds.Select(seed => new UnitScores(plantedSamples, new ScoreOptions()).Overlap(seed, Artifact(seed)))]);
        Assert.Equal(PlantedUnits, UnitCorrection.Highest(scores[PlantedLayer]).Take(2).Order());

        var correction = UnitCorrection.Sequential(planted.Network.Layers, scores, planted.Digest, first: 8, share: .125);
        string path = Path.Combine(_folder.Path, "correction.json");
        correction.Save(path);
        using var hook = UnitCorrection.Load(path).On(planted.Network, CPU);
        var target = cleanSamples.Images(seeds);
        double Distance(Tensor x) => (x - target).abs().mean().item<float>();
        double before = Distance(plantedSamples.Images(seeds)), after = Distance(plantedSamples.Images(seeds, hook));
        Assert.True(after < .75 * before, $"{after} is no closer than {before}");
        Assert.True(CorrectionEffect.Change(plantedSamples, seeds, hook) > 0);
    }

    [Fact]
    public void ArtifactMaps_AfterTraining_AreStrongWhereTheArtifactIs()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        Tensor Noise() => randint(64, 192, [24, 3, 32, 32], ScalarType.Byte);
        // An artifact is a bright square of 10 pixels, somewhere else in every image.
        var (artifacts, inside) = (Noise(), zeros([24, 32, 32], ScalarType.Float32));
        for (int i = 0; i < 24; i++)
        {
            long row = 1 + (i * 7 % 20), column = 1 + (i * 11 % 20);
            artifacts.select(0, i).narrow(1, row, 10).narrow(2, column, 10).fill_((byte)255);
            inside.select(0, i).narrow(0, row, 10).narrow(1, column, 10).fill_(1);
        }
        Tensor[] images = [artifacts, Noise(), Noise().bitwise_and(tensor((byte)0xf0))];
        using var classifier = new ArtifactClassifier(32, new ClassifierOptions(Width: 8, Batch: 12), CPU);
        for (int step = 0; step < 50; step++)
            classifier.Step(images);

        Assert.True(classifier.Test(images)[(int)ImageClass.Artifact] > .7, "the classifier does not see the artifacts");
        var maps = classifier.ArtifactMaps(artifacts);
        double within = ((maps * inside).sum() / inside.sum()).item<float>(), outside = ((maps * (1 - inside)).sum() / (1 - inside).sum()).item<float>();
        Assert.True(within > 2 * outside, $"{within} within artifacts, {outside} outside");
    }

    [Fact]
    public void Overlap_GivenMap_IsIntersectionOverUnion()
    {
        using var network = Network(1);
        using var scope = NewDisposeScope();
        var samples = new SeededSamples(network.Network, CPU);
        // One map is the left half of the image, the other the upper half of it: a quarter over three quarters.
        network.Network.Hook = new Halves();
        var map = zeros([32, 32], ScalarType.Float32);
        map.narrow(0, 0, 16).fill_(1);
        var overlaps = new UnitScores(samples, new ScoreOptions()).Overlap(0, map).Layers["b32.conv1"];
        Assert.Equal(1 / 3f, overlaps[0], 1e-6);
        Assert.Equal(0, overlaps[1]); // constant maps are active nowhere
    }

    [Fact]
    public void RarelyActive_UnitThatRisesInFewSamples_ScoresHigh()
    {
        using var network = Network(1);
        static UnitValues Sample(uint seed, params float[] values) => new(seed, new Dictionary<string, float[]> { ["b4.conv0"] = values });
        var scores = new UnitScores(new SeededSamples(network.Network, CPU), new ScoreOptions()).RarelyActive(
            [Sample(0, 1, .1f, -1), Sample(1, .8f, .1f, -2), Sample(2, .9f, 4, -1), Sample(3, .6f, .2f, -1)]);
        Assert.Equal([0, .75f, 0], scores["b4.conv0"]);
    }

    [Fact]
    public void Step_StoppedAndLoaded_GoesOnToTheSameBits()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        Tensor[] images = [.. Enumerable.Range(0, 3).Select(_ => randint(0, 256, [6, 3, 16, 16], ScalarType.Byte))];
        var options = new ClassifierOptions(Width: 4, Batch: 8);
        string path = Path.Combine(_folder.Path, "c.safetensors");
        using var through = new ArtifactClassifier(16, options, CPU);
        using (var stopped = new ArtifactClassifier(16, options, CPU))
        {
            Assert.Equal([0.0, 0.0], new[] { through.Step(images) - stopped.Step(images), through.Step(images) - stopped.Step(images) });
            stopped.Save(path, "basis");
        }
        using var resumed = new ArtifactClassifier(16, options, CPU);
        Assert.False(resumed.TryLoad(path, "another"));
        Assert.True(resumed.TryLoad(path, "basis"));
        Assert.Equal(2, resumed.Steps);
        Assert.Equal(through.Step(images), resumed.Step(images));
        Assert.Equal(through.Probabilities(images[0]).data<float>(), resumed.Probabilities(images[0]).data<float>());
    }

    [Fact]
    public void Labels_LaterLinesOfASeed_Hold()
    {
        string path = Path.Combine(_folder.Path, "labels.jsonl");
        using (var labels = new SampleLabels(path, write: true))
        {
            labels.Set(3, SampleLabel.Artifact);
            labels.Set(4, SampleLabel.Normal);
            labels.Set(3, SampleLabel.Normal);
            labels.Set(4, null);
        }
        using var read = new SampleLabels(path, write: false);
        Assert.Equal([3u], read.Of(SampleLabel.Normal));
        var error = Assert.Throws<UserErrorException>(() => read.RequireBoth(path, 2));
        Assert.Contains("0 samples labelled as artifacts and 1 as normal", error.Message, StringComparison.Ordinal);
        File.AppendAllText(path, "{\"seed\":5,\"label\":\"good\"}\n");
        Assert.Contains("line 5", Assert.Throws<UserErrorException>(() => new SampleLabels(path, write: false)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_CorrectionOfAnotherNetwork_SaysWhatDiffers()
    {
        using var network = Network(1);
        string path = Path.Combine(_folder.Path, "correction.json");
        UnitCorrection.Ablation(new SynthesisLayerName("b8.conv1", 3, 99, 8, 8), [.. Enumerable.Repeat(.5f, 99)], "other").Save(path);
        var error = Assert.Throws<UserErrorException>(() => UnitCorrection.Load(path).On(network.Network, CPU));
        Assert.Contains("99 units, but this network's has 16", error.Message, StringComparison.Ordinal);
        File.WriteAllText(path, "{}");
        Assert.Contains("not a correction", Assert.Throws<UserErrorException>(() => UnitCorrection.Load(path)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>A generator in which two units have a spot, scaled as asked for.</summary>
    private static LoadedGenerator Network(float scale, Normalisation normalisation = Normalisation.Instance)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var architecture = normalisation == Normalisation.Instance ? NetworkArchitecture.Orig : NetworkArchitecture.Skip;
        var config = new GeneratorConfig(new ImageShape(32, 32), 16, 16, 0, 512, 16, 2, architecture, Normalisation: normalisation);
        using var state = SmallModel.State(new ModelConfig(config, new DiscriminatorConfig(new ImageShape(32, 32), 0, 128, 16, MinibatchGroup: 2)));
        var layout = state.Model.GeneratorLayout;
        Tensor Values(string name) => state.GeneratorAverage.narrow(0, layout[name].Offset, layout[name].Count).view(layout[name].Shape);
        var spot = zeros([32, 32], ScalarType.Float32);
        spot.narrow(0, 6, 10).narrow(1, 16, 10).fill_(1);
        Values($"synthesis.{PlantedLayer}.noise_const").copy_(spot);
        // Samples of one kind, as a trained network's are.
        foreach (var entry in layout.Entries.Where(entry => entry.Name.StartsWith("synthesis.", StringComparison.Ordinal) && entry.Name.EndsWith(".affine.weight", StringComparison.Ordinal)))
            Values(entry.Name).mul_(.3f);
        if (normalisation == Normalisation.Demodulation)
        {
            // The noise is every unit's here: a little of it, which only these two show, and whose image layer makes much of them.
            const float strength = .05f;
            Values($"synthesis.{PlantedLayer}.noise_strength").fill_(strength);
            foreach (int unit in PlantedUnits)
            {
                Values($"synthesis.{PlantedLayer}.weight").narrow(0, unit, 1).zero_();
                Values("synthesis.b32.torgb.affine.weight").narrow(0, unit, 1).zero_();
                Values("synthesis.b32.torgb.affine.bias").narrow(0, unit, 1).fill_(scale / strength);
            }
            return NetworkFile.Use(state, CPU);
        }
        foreach (int unit in PlantedUnits)
        {
            Values($"synthesis.{PlantedLayer}.affine.weight").narrow(0, unit, 1).zero_();
            Values($"synthesis.{PlantedLayer}.noise_strength").narrow(0, unit, 1).fill_(6);
            Values($"synthesis.{PlantedLayer}.affine.bias").narrow(0, unit, 1).fill_(scale - 1);
        }
        Values("synthesis.b32.torgb.weight").mul_(.15f); // images within range
        return NetworkFile.Use(state, CPU);
    }

    private sealed class Halves : IFeatureHook
    {
        public Tensor Visit(SynthesisLayerName layer, Tensor features)
        {
            var halves = zeros_like(features);
            halves.narrow(1, 0, 1).narrow(3, 0, features.shape[3] / 2).fill_(1);
            return halves;
        }
    }
}
