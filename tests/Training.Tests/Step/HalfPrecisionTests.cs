using Atelier.Core.Schedules;
using Atelier.Core.Specs;
using Atelier.Training.Losses;
using Atelier.Training.Networks;
using Atelier.Training.Step;
using Atelier.Training.Tests.Gpu;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Step;

/// <summary>Layers of the largest resolutions in 16 bits, composed of libtorch's functions and by the GPU's kernels on the processor.</summary>
[Collection(TrainStepTests.LiveHandles)]
public sealed class HalfPrecisionTests
{
    private const int Batch = 8;
    private const int Shard = 4;

    public static TheoryData<string, NetworkArchitecture, bool> Cases =>
    [
        ("Float16", NetworkArchitecture.Skip, false), ("BFloat16", NetworkArchitecture.Skip, false), ("BFloat16", NetworkArchitecture.Resnet, false),
        ("Float16", NetworkArchitecture.Skip, true), ("Float16", NetworkArchitecture.Resnet, true), ("BFloat16", NetworkArchitecture.Skip, true),
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Compute_EveryPhase_HasNearlyTheGradientsOfFloat32(string type, NetworkArchitecture architecture, bool byGpuKernels)
    {
        var half = new HalfPrecision(Enum.Parse<ScalarType>(type), 2);
        using var gpu = byGpuKernels ? EmulatedGpu.Begin() : default;

        foreach (var kind in (PhaseKind[])[PhaseKind.Gmain, PhaseKind.Greg, PhaseKind.Dmain, PhaseKind.Dreg])
        {
            float[] exact = Gradient(kind, architecture, null), rounded = Gradient(kind, architecture, half);

            Assert.All(rounded, value => Assert.True(float.IsFinite(value)));
            Assert.NotEqual(exact, rounded);
            double similarity = Dot(exact, rounded) / Math.Sqrt(Dot(exact, exact) * Dot(rounded, rounded));
            Assert.True(similarity > (type == "Float16" ? 0.995 : 0.95), $"{kind}: {similarity}");
        }
    }

    [Fact]
    public void Forward_LayersByLevel_HaveTheirPrecisionAndImagesThatOfTheWeights()
    {
        var config = Config(NetworkArchitecture.Skip, new HalfPrecision(ScalarType.BFloat16, 2));
        using var state = SmallModel.State(config);
        using var scope = NewDisposeScope();
        using var views = new Released(new NetworkViews(config.GeneratorLayout, state.Generator));
        var seen = new Precisions();
        var generator = new Generator(views.Views, config.Generator) { Hook = seen };

        var images = generator.Synthesize(generator.Broadcast(ones(2, 16)), NoiseInput.Constant);

        Assert.Equal(ScalarType.Float32, images.dtype);
        Assert.Equal(["b4.conv1 Float32", "b8.conv0 BFloat16", "b8.conv1 BFloat16", "b16.conv0 BFloat16", "b16.conv1 BFloat16"], seen.Layers);
        Assert.All(state.Sections().Take(9), section => Assert.NotEqual(ScalarType.BFloat16, section.Values.dtype));
    }

    [Theory]
    [InlineData(1, new[] { false, false, true })]
    [InlineData(2, new[] { false, true, true })]
    [InlineData(9, new[] { false, true, true })] // never the start block
    public void Of_Levels_AreTheLargest(int resolutions, bool[] expected) =>
        Assert.Equal(expected, Enumerable.Range(0, 3).Select(level => new HalfPrecision(ScalarType.Float16, resolutions).Of(level, 2) is not null));

    private static ModelConfig Config(NetworkArchitecture architecture, HalfPrecision? half)
    {
        var config = SmallModel.Config(architecture: architecture);
        return new ModelConfig(config.Generator with { Half = half, ConvClamp = 256 }, config.Discriminator with { Half = half, ConvClamp = 256, Architecture = architecture });
    }

    private static float[] Gradient(PhaseKind kind, NetworkArchitecture architecture, HalfPrecision? half)
    {
        using var state = SmallModel.State(Config(architecture, half));
        var options = SmallModel.Options(Batch);
        using var lanes = new ShardLanes(state, options.Losses, lanes: 1);
        var phase = options.Phases.Single(phase => phase.Kind == kind);
        var inputs = SmallModel.Inputs(state, Shard);
        using var sum = lanes.Sum(phase, 1, new(0, 1), shard => inputs(phase, shard), state.PhaseStart, CancellationToken.None).Single().Value;
        var buffer = phase.Network == TrainedNetwork.Generator ? state.Model.GeneratorBuffer : state.Model.DiscriminatorBuffer;
        using var gradient = buffer.Gradient(sum);
        return gradient.data<float>().ToArray();
    }

    private static double Dot(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();

    private sealed class Precisions : IFeatureHook
    {
        public List<string> Layers { get; } = [];

        public Tensor Visit(SynthesisLayerName name, Tensor features)
        {
            Layers.Add($"{name.Name} {features.dtype}");
            return features;
        }
    }

    private sealed class Released(NetworkViews views) : IDisposable
    {
        public NetworkViews Views => views;

        public void Dispose() => views.Release();
    }
}
