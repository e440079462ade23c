using Atelier.Core.Schedules;
using Atelier.Core.Specs;
using Atelier.Training.Augmentation;
using Atelier.Training.Interop;
using Atelier.Training.Step;
using Atelier.Training.Tests.Gpu;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Step;

/// <summary>The host reads nothing from the device within a phase.</summary>
[Collection(TrainStepTests.LiveHandles)]
public sealed class ReadBackTests : IDisposable
{
    private readonly bool _before = ReadBack.IsChecked;

    public ReadBackTests() => ReadBack.IsChecked = true;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_IterationsOfAllPhases_ReadNothingBack(bool byGpuKernels)
    {
        const int Batch = 8, Shard = 4;
        using var state = SmallModel.State(SmallModel.Config());
        using var statistics = new StepStatistics(CPU);
        var options = SmallModel.Options(Batch);
        options = options with { Losses = options.Losses with { Augmentation = new(AugmentationPipe.Bgcfnc.Transforms(), Adaptive: new AdaptiveAugmentation(0.6, 1, 2)) } };
        using var lanes = new ShardLanes(state, options.Losses, lanes: 1);
        var step = new TrainStep(lanes, new SoloReduction(Batch / Shard), options);
        using var gpu = byGpuKernels ? EmulatedGpu.Begin() : default;

        for (int iteration = 0; iteration < 2; iteration++)
            step.Run(state, SmallModel.Inputs(state, Shard), statistics, CancellationToken.None);

        Assert.True(statistics.Phases >= 6, "not all phases ran");
        Assert.Equal(0, statistics.NaNs);
    }

    [Fact]
    public void ToHost_WhileItIsForbidden_Throws()
    {
        using var one = ones(1, ScalarType.Float64);
        using (ReadBack.Forbid())
            Assert.Throws<InvalidOperationException>(() => one.ReadNumber());
        Assert.Equal(1, one.ReadNumber());
    }

    public void Dispose() => ReadBack.IsChecked = _before;
}
