using Atelier.Core.Schedules;
using Atelier.Core.Specs;
using Atelier.Training.Exports;
using Atelier.Training.Networks;
using Atelier.Training.Ops;
using Atelier.Training.Step;
using Atelier.Training.Tests.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Networks;

/// <summary>The generators before StyleGAN2, and networks that grow.</summary>
public sealed class AdaptiveSynthesisTests
{
    [Fact]
    public void InstanceNorm_AnyFeatures_HaveMeanZeroAndDeviationOne()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var y = InstanceNorm.Apply((randn([3, 4, 8, 8], float64) * 5) + 2);
        Assert.True(y.mean([2L, 3L]).abs().max().item<double>() < 1e-12);
        Assert.True((y.square().mean([2L, 3L]) - 1).abs().max().item<double>() < 1e-6);
    }

    [Fact]
    public void PixelInstanceNorm_OneValue_IsTheMixtureByItsShare()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new double[] { 1, 2, 3, 6, 4, 0, 0, 4 }).view(1, 2, 2, 2);
        // First channel: mean 3, deviation √3.5. The first pixel is (1, 4): root mean square √8.5.
        double instance = (1 - 3) / Math.Sqrt(3.5), pixel = 1 / Math.Sqrt(8.5);
        double Mixed(double scheduled) => PixelInstanceNorm.Apply(x, tensor(new[] { .3, .9 }), scheduled)[0, 0, 0, 0].item<double>();
        Assert.Equal((.3 * pixel) + (.7 * instance), Mixed(1), 1e-7);
        Assert.Equal((.15 * pixel) + (.85 * instance), Mixed(.5), 1e-7);
        Assert.Equal(instance, Mixed(0), 1e-7);
    }

    [Fact]
    public void PixelInstanceNorm_SecondDerivatives_AreThoseOfDifferences()
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        var (values, weights) = (randn([2, 3, 4, 4], float64), randn([2, 3, 4, 4], float64));
        double[] shares = [.2, .5, .8];
        // ‖∂⟨c, PIN(x)⟩/∂x‖², whose gradient by ρ is one of a gradient, as path lengths ask for.
        Tensor Norm(Tensor share)
        {
            var x = values.clone().requires_grad_();
            var gradient = DifferentiationScope.Gradients([(PixelInstanceNorm.Apply(x, share, .7) * weights).sum()], [x], createGraph: true)[0]!;
            return gradient.square().sum();
        }
        var leaf = tensor(shares).requires_grad_();
        var found = DifferentiationScope.Gradients([Norm(leaf)], [leaf])[0]!;
        for (int i = 0; i < shares.Length; i++)
        {
            double At(double step) => Norm(tensor(shares.Select((share, at) => share + (at == i ? step : 0)).ToArray())).item<double>();
            Assert.Equal((At(1e-5) - At(-1e-5)) / 2e-5, found[i].item<double>(), 1e-5);
        }
    }

    [Theory]
    [InlineData(Normalisation.Demodulation)]
    [InlineData(Normalisation.Instance)]
    [InlineData(Normalisation.Pin)]
    public void SynthesizeLevel_FadingIn_GoesFromTheLevelBelowToItsOwnImage(Normalisation normalisation)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var state = SmallModel.State(Growing(normalisation));
        var generator = new Generator(new NetworkViews(state.Model.GeneratorLayout, state.Generator), state.Model.Generator);
        var discriminator = new Discriminator(new NetworkViews(state.Model.DiscriminatorLayout, state.Discriminator), state.Model.Discriminator);
        var styles = generator.Broadcast(generator.Map(randn([2, 16], ScalarType.Float32), null));
        (Tensor Image, Tensor Logits) At(int level, double fade, Tensor? seen = null)
        {
            generator.Stage = discriminator.Stage = new NetworkStage(level, fade);
            var image = generator.SynthesizeLevel(styles, NoiseInput.Constant);
            return (image, discriminator.Forward(seen ?? image, null));
        }

        Assert.Equal([2, 3, 8, 8], At(1, 1).Image.shape);
        var below = At(2, 1).Image;
        var seen = ImageLevels.Double(below);
        Assert.True((At(3, 1e-9).Image - seen).abs().max().item<float>() < 1e-6);
        Assert.True((At(3, 1).Image - seen).abs().max().item<float>() > 1e-3);
        Assert.True((At(3, 1e-9, seen).Logits - At(2, 1, below).Logits).abs().max().item<float>() < 1e-5);
        Assert.Equal([2, 3, 32, 32], generator.Synthesize(styles, NoiseInput.Constant).shape);
    }

    [Fact]
    public void AtStage_RealImagesThatFade_LoseTheDetailThatIsNotThereYet()
    {
        using var scope = NewDisposeScope();
        var images = tensor(new float[] { 0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 4 }).view(1, 1, 4, 4);
        Assert.Equal([2, 2, 2, 2], ImageLevels.AtStage(images, 1, new NetworkStage(0)).data<float>());
        Assert.Equal([1, 3, 1, 3], ImageLevels.AtStage(images, 1, new NetworkStage(1, .5)).flatten().narrow(0, 0, 4).data<float>());
    }

    [Theory]
    [InlineData(Normalisation.Demodulation)]
    [InlineData(Normalisation.Instance)]
    [InlineData(Normalisation.Pin)]
    public void LoadGenerator_ExportWhileItGrows_DrawsTheSameImages(Normalisation normalisation)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var folder = new Data.TempFolder();
        using var state = SmallModel.State(Growing(normalisation));
        state.SetCounters(3, 270, 3, 3);
        Assert.Equal((3, .4), (state.Stage.Level, state.Stage.Fade));
        var path = Path.Combine(folder.Path, "g.safetensors");
        NetworkFile.Save(path, state, ExportedNetworks.Average);
        using var used = NetworkFile.Use(state, CPU);
        using var loaded = NetworkFile.LoadGenerator(path, ScalarType.Float32, CPU);

        Assert.Equal(state.Model.Generator, loaded.Network.Config);
        Assert.Equal(state.Stage, loaded.Network.Stage);
        Tensor Images(Generator generator) => generator.Synthesize(generator.Broadcast(generator.Map(ones([2, 16], ScalarType.Float32), null)), NoiseInput.Constant);
        Assert.Equal(Images(used.Network).data<float>(), Images(loaded.Network).data<float>());
    }

    [Fact]
    public void Run_PixelInstanceNormalisation_KeepsItsSharesWithinBounds()
    {
        using var scope = NewDisposeScope();
        var model = Growing(Normalisation.Pin);
        using var state = SmallModel.State(new ModelConfig(model.Generator with { FirstLevel = null }, model.Discriminator with { FirstLevel = null }));
        using var lanes = new ShardLanes(state, SmallModel.Options(4).Losses, 1);
        using var statistics = new StepStatistics(CPU);
        var step = new TrainStep(lanes, new SoloReduction(2), SmallModel.Options(4));
        for (int i = 0; i < 3; i++)
            step.Run(state, SmallModel.Inputs(state, 2), statistics, CancellationToken.None);
        var shares = cat([.. state.Model.PixelShares.Select(entry => state.Generator.narrow(0, entry.Offset, entry.Count))], 0);
        Assert.Equal(8, state.Model.PixelShares.Count);
        Assert.True(shares.max().item<float>() <= 1 && shares.min().item<float>() is >= 0 and < 1, "shares left [0, 1], or none was learned");
    }

    [Fact]
    public void Hook_OnEveryLayer_SeesAndChangesTheFeatures()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var state = SmallModel.State(SmallModel.Config());
        var generator = new Generator(new NetworkViews(state.Model.GeneratorLayout, state.Generator), state.Model.Generator);
        var styles = generator.Broadcast(generator.Map(ones([1, 16], ScalarType.Float32), null));
        var plain = generator.Synthesize(styles, NoiseInput.Constant);
        var hook = new Silence("b8.conv1");
        generator.Hook = hook;
        var silenced = generator.Synthesize(styles, NoiseInput.Constant);

        Assert.Equal(["b4.conv1", "b8.conv0", "b8.conv1", "b16.conv0", "b16.conv1"], hook.Seen);
        Assert.Equal(hook.Seen, generator.Layers.Select(layer => layer.Name));
        Assert.True((silenced - plain).abs().max().item<float>() > 1e-3);
    }

    private static ModelConfig Growing(Normalisation normalisation)
    {
        var model = SmallModel.Config(32, 32, NetworkArchitecture.Orig);
        return new(
            model.Generator with { Normalisation = normalisation, FirstLevel = 1 },
            model.Discriminator with { Architecture = NetworkArchitecture.Orig, FirstLevel = 1 },
            new StageSchedule(3, new GrowthSchedule(1, 3, 100, 50)));
    }

    private sealed class Silence(string layer) : IFeatureHook
    {
        public List<string> Seen { get; } = [];

        public Tensor Visit(SynthesisLayerName name, Tensor features)
        {
            Seen.Add(name.Name);
            Assert.Equal([1, name.Channels, name.Height, name.Width], features.shape);
            return name.Name == layer ? zeros_like(features) : features;
        }
    }
}
