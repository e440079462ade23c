using Atelier.Training.Analysis;
using Atelier.Training.Exports;
using Atelier.Training.Interop;
using Atelier.Training.Metrics.Detectors;
using Atelier.Training.Networks;
using Atelier.Training.Ops;
using Atelier.Training.Tests.Metrics;
using Atelier.Training.Tests.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Analysis;

public sealed class ProjectorTests
{
    private static readonly ProjectionOptions Short = new() { Steps = 150, StyleSamples = 200 };

    [Fact]
    public void Layer_GradientOfNoise_IsThatOfThePlainLayer()
    {
        using var scope = NewDisposeScope();
        var layer = new ConvolutionLayer(3, 2, 1, ResamplingFilter.Binomial, Activation.LeakyRelu);
        manual_seed(1);
        var (x, weight, styles, scale) = (randn(3, 8, 4, 4), randn(8, 8, 3, 3), rand(3, 8), rand(3, 8).Plus(0.5));
        foreach (int images in (int[])[3, 1])
        {
            var (noise, strength, bias, direction) = (randn(images, 1, 8, 8), rand(1).squeeze(), randn(8), randn(3, 8, 8, 8));
            Tensor Gradient(ScalarType type)
            {
                var leaf = noise.to(type).detach().requires_grad_();
                Tensor To(Tensor t) => t.to(type);
                var y = layer.Apply(To(x), To(weight), To(styles), To(scale), leaf, To(strength), To(bias), 1.3, clamp: 4);
                return DifferentiationScope.Gradients([y], [leaf], [To(direction)])[0]!;
            }
            var (fused, plain) = (Gradient(ScalarType.Float32), Gradient(ScalarType.Float64));

            Assert.Equal(plain.shape, fused.shape);
            Assert.True(fused.to(ScalarType.Float64).allclose(plain, 1e-4, 1e-4));
        }
    }

    [Theory]
    [InlineData(StyleSpace.W)]
    [InlineData(StyleSpace.WPlus)]
    public void Advance_GeneratedImage_ComesCloseToIt(StyleSpace space)
    {
        using var scene = new Scene(count: 2);
        using var projector = scene.Projector(Short with { Space = space });
        double first = projector.Advance();
        while (!projector.IsDone)
            projector.Advance();

        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var distances = projector.Distances(projector.Synthesize(projector.Styles()));
        Assert.True(distances.max().item<float>() < 0.4 * first, $"{first} became {distances.max().item<float>()}");
        Assert.All(projector.Noise, map => Assert.InRange(map.detach().Squared().mean().item<float>(), 0.999f, 1.001f));
    }

    [Fact]
    public void Advance_ImageOfAnotherKind_IsNotReachedAsAGeneratedOneIs()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var board = zeros([1, 3, 16, 16], ScalarType.Byte);
        for (int square = 0; square < 4; square++)
            board.narrow(2, 4 * square, 4).narrow(3, 4 * ((square + 2) % 4), 4).fill_((byte)255);
        using var scene = new Scene(count: 1, other: board);
        using var projector = scene.Projector(Short);
        using (enable_grad())
        {
            while (!projector.IsDone)
                projector.Advance();
        }
        var distances = projector.Distances(projector.Synthesize(projector.Styles())).data<float>().ToArray();

        Assert.True(2 * distances[0] < distances[1], $"{distances[0]} and {distances[1]}");
    }

    [Fact]
    public void Restore_InTheMiddle_GoesOnToTheSameBits()
    {
        using var scene = new Scene(count: 2);
        using var whole = scene.Projector(Short with { Steps = 8 });
        using var half = scene.Projector(Short with { Steps = 8 });
        using var resumed = scene.Projector(Short with { Steps = 8 });
        while (!whole.IsDone)
            whole.Advance();
        while (half.Step < 5)
            half.Advance();
        resumed.Restore(half.Step, half.Values, half.FirstMoment, half.SecondMoment);
        while (!resumed.IsDone)
            resumed.Advance();

        Assert.True(whole.Values.allclose(resumed.Values, 0, 0));
        Assert.False(whole.Values.allclose(half.Values, 0, 0));
    }

    [Fact]
    public void Advance_OtherSeed_OtherBits()
    {
        using var scene = new Scene(count: 1);
        using var one = scene.Projector(Short);
        using var other = scene.Projector(Short with { Seed = 1 });
        one.Advance();
        other.Advance();

        Assert.False(one.Values.allclose(other.Values, 0, 0));
    }

    [Fact]
    public void Advance_WithPublishedScript_ComesClose()
    {
        using var detector = ScriptDetector.Load(DetectorTests.Vgg16, null, PublishedDetector.Vgg16.Flags, CPU);
        using var scene = new Scene(count: 1, new VggPerceptualNet(detector));
        using var projector = scene.Projector(Short with { Steps = 60 });
        double first = projector.Advance();
        while (projector.Step < 59)
            projector.Advance();

        Assert.True(projector.Advance() < 0.8 * first);
    }

    [Fact]
    public void NoiseRegularity_SmoothNoise_IsLarge()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var scene = new Scene(count: 1);
        using var projector = scene.Projector(Short);
        float white = projector.NoiseRegularity().item<float>();
        foreach (var map in projector.Noise)
            map.detach().fill_(TensorArithmetic.Number(1));

        // Equal neighbours correlate fully: 1 for either direction of each scale; 4×4 and 8×8 have one scale, 16×16 has two.
        Assert.Equal(2 * (3 + (2 * 2)), projector.NoiseRegularity().item<float>(), 1e-4);
        Assert.InRange(white, 0, 2);
    }

    [Fact]
    public void Schedules_AreThePublishedOnes()
    {
        var options = new ProjectionOptions();

        Assert.Equal([0, 0.05, 0.1, 0.1, 0.05], new[] { 0, 25, 50, 750, 875 }.Select(step => Math.Round(options.AdamAt(step).LearningRate, 9)));
        Assert.Equal([0.05, 0.0125, 0], new[] { 0, 375, 750 }.Select(step => Math.Round(options.StyleNoiseAt(step), 9)));
        Assert.Equal(100, Enumerable.Range(1, 1000).Count((options with { Frames = 100 }).IsFrame));
        Assert.True((options with { Frames = 7 }).IsFrame(1000));
    }

    /// <summary>An untrained generator, and images of its own to find again.</summary>
    private sealed class Scene : IDisposable
    {
        private readonly LoadedGenerator _loaded;
        private readonly RandomPerceptualNet _random = new(CPU);
        private readonly IPerceptualNet _net;
        private readonly Tensor _targets;

        public Scene(int count, IPerceptualNet? net = null, Tensor? other = null)
        {
            _net = net ?? _random;
            using var scope = NewDisposeScope();
            using var _ = no_grad();
            using var state = SmallModel.State(SmallModel.Config());
            _loaded = NetworkFile.Use(state, CPU);
            var z = empty([count, 16], ScalarType.Float32);
            PhiloxFill.Normal(z, 7, 7);
            var images = _loaded.Network.Synthesize(_loaded.Network.Broadcast(_loaded.Network.Map(z, null)), NoiseInput.Constant);
            var targets = images.Times(127.5).Plus(128).clamp(TensorArithmetic.Number(0), TensorArithmetic.Number(255)).to(ScalarType.Byte);
            _targets = (other is null ? targets : cat([targets, other], 0)).DetachFromDisposeScope();
        }

        public Projector Projector(ProjectionOptions options)
        {
            using var scope = NewDisposeScope();
            var statistics = StyleStatistics.Measure(_loaded.Network, null, options.StyleSamples);
            return new Projector(_loaded.Network, _net, _targets, [.. Enumerable.Repeat(statistics, (int)_targets.shape[0])], options);
        }

        public void Dispose()
        {
            _targets.Dispose();
            _random.Dispose();
            _loaded.Dispose();
        }
    }
}
