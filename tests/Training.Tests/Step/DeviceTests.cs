using Atelier.Core.Schedules;
using Atelier.Core.Specs;
using Atelier.Training.Augmentation;
using Atelier.Training.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Step;

/// <summary>
/// Steps on libtorch's meta device, whose tensors have shapes and no values: what reads one back fails there, and so does what
/// mixes it with tensors of the host. It stands for a GPU, which takes the same plain ops.
/// </summary>
[Collection(TrainStepTests.LiveHandles)]
public sealed class DeviceTests
{
    private const int Batch = 8;
    private const int Shard = 4;

    private static readonly Device Meta = device("meta");

    [Theory]
    [InlineData(NetworkArchitecture.Skip)]
    [InlineData(NetworkArchitecture.Resnet)]
    public void Run_AllPhases_StayOnTheDeviceAndReadNothingBack(NetworkArchitecture architecture)
    {
        using var state = SmallModel.State(SmallModel.Config(architecture: architecture), Meta);
        var options = SmallModel.Options(Batch);
        var adaptive = new AugmentationOptions(AugmentationPipe.Bgcfnc.Transforms(), Adaptive: new AdaptiveAugmentation(Target: 0.6, Kimg: 1, Interval: 4));
        options = options with { Losses = options.Losses with { Augmentation = adaptive } };
        state.Augmentation = new(0.8, 0, 0); // known on the host from here on
        using var lanes = new ShardLanes(state, options.Losses, lanes: 1);
        using var statistics = new StepStatistics(Meta);
        var step = new TrainStep(lanes, new SoloReduction(Batch / Shard), options);

        for (int iteration = 0; iteration < 3; iteration++)
            step.Run(state, SmallModel.Inputs(state, Shard), statistics, CancellationToken.None);

        Assert.Equal(3, state.Iteration);
        Assert.Equal(2 * 4 + 2, statistics.Phases);
    }

    [Fact]
    public void Run_TheIterationInWhichPIsDue_ReadsIt()
    {
        using var state = SmallModel.State(SmallModel.Config(), Meta);
        var options = SmallModel.Options(Batch);
        options = options with { Losses = options.Losses with { Augmentation = new(AugmentationPipe.Blit.Transforms(), Adaptive: new(Target: 0.6, Kimg: 1, Interval: 1)) } };
        state.Augmentation = new(0.8, 0, 0);
        using var lanes = new ShardLanes(state, options.Losses, lanes: 1);
        using var statistics = new StepStatistics(Meta);
        var step = new TrainStep(lanes, new SoloReduction(Batch / Shard), options);

        // There is nothing to read on this device: that it fails here shows that the test above would notice.
        Assert.ThrowsAny<Exception>(() => step.Run(state, SmallModel.Inputs(state, Shard), statistics, CancellationToken.None));
        Assert.Equal(1, state.Iteration);
    }
}
