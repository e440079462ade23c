using Atelier.Core.Randomness;
using Atelier.Core.Schedules;
using Atelier.Core.Specs;
using Atelier.Training.Networks;
using Atelier.Training.Randomness;
using Atelier.Training.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Step;

/// <summary>Networks of a few channels, and steps on random images.</summary>
internal static class SmallModel
{
    public static ModelConfig Config(int width = 16, int height = 16, NetworkArchitecture architecture = NetworkArchitecture.Skip, int labels = 0) => new(
        new GeneratorConfig(new ImageShape(width, height), 16, 16, labels, 128, 8, 2, architecture),
        new DiscriminatorConfig(new ImageShape(width, height), labels, 128, 8, MinibatchGroup: 2));

    public static TrajectoryState State(ModelConfig config)
    {
        var state = new TrajectoryState(config, ScalarType.Float32, CPU);
        InitialState.Fill(state, seed: 0);
        return state;
    }

    public static StepOptions Options(int batch)
    {
        var losses = new LossOptions(Gamma: 1);
        var adam = new AdamHyper(0.002, 0, 0.99, 1e-8);
        var lazy = new LazyRegularisation(2);
        return new StepOptions(batch, PhaseSchedule.Build(lazy, losses.PathWeight, lazy, losses.Gamma), losses, lazy.Adjust(adam), lazy.Adjust(adam), 0.1, 0.5);
    }

    public static Func<Phase, int, ShardInputs> Inputs(TrajectoryState state, int shard)
    {
        var shape = state.Model.Generator.Shape;
        var source = new DrawSource(16, 0, 0, (_, _) => { }, 0.9, RandomNoise: true, ScalarType.Float32, CPU);
        long iteration = state.Iteration;
        return (phase, index) => new ShardInputs(
            new RealShard(shard, () => (linspace(-1, 1, shard * 3L * shape.Height * shape.Width, ScalarType.Float32).view(shard, 3, shape.Height, shape.Width), null)),
            new KeyedDraws(new DrawKey(0, 0, DrawPurpose.Latent, iteration, (int)phase.Kind, index), source));
    }
}
