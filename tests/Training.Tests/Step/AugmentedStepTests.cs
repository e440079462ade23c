using Atelier.Core.Schedules;
using Atelier.Core.Sharding;
using Atelier.Core.Specs;
using Atelier.Storage.Blobs;
using Atelier.Storage.Snapshots;
using Atelier.Training.Augmentation;
using Atelier.Training.Snapshots;
using Atelier.Training.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Step;

/// <summary>Where a step augments, and what it makes of the signs it sees.</summary>
[Collection(TrainStepTests.LiveHandles)]
public sealed class AugmentedStepTests
{
    private const int Batch = 8;
    private const int Shard = 4;

    private static readonly AugmentationOptions Always = new(AugmentationPipe.Bgcfnc.Transforms(), FixedP: 0.9);

    [Theory]
    [InlineData(PhaseKind.Gmain, true)]
    [InlineData(PhaseKind.Greg, false)] // path lengths are the generator's alone
    [InlineData(PhaseKind.Dmain, true)]
    [InlineData(PhaseKind.Dreg, true)]
    public void Compute_EachPhase_AugmentsWhatTheDiscriminatorSees(PhaseKind kind, bool isAugmented)
    {
        var (plain, augmented, again) = (Gradient(kind, null), Gradient(kind, Always), Gradient(kind, Always));

        Assert.Equal(isAugmented, !plain.SequenceEqual(augmented));
        Assert.Equal(augmented, again);
        Assert.Contains(augmented, value => value != 0);
    }

    [Fact]
    public void Run_AdaptivePInterval_MovesPByTheSignsAndStartsToCountAnew()
    {
        var adaptive = new AdaptiveAugmentation(Target: 0.6, Kimg: 0.08, Interval: 2);
        using var state = SmallModel.State(SmallModel.Config());
        using var statistics = new StepStatistics(CPU);
        var options = Options(new(AugmentationPipe.Bgc.Transforms(), Adaptive: adaptive));
        using var lanes = new ShardLanes(state, options.Losses, lanes: 2);
        var step = new TrainStep(lanes, new SoloReduction(Batch / Shard), options);
        state.Augmentation = new(0.5, 0, 0);

        step.Run(state, SmallModel.Inputs(state, Shard), statistics, CancellationToken.None);
        Assert.Equal(0.5, state.Augmentation.P);
        // Dmain and Dreg.
        Assert.Equal(2 * Batch, state.Augmentation.Images);
        Assert.Equal(statistics.Mean(PhaseStatistic.RealSigns, PhaseKind.Dmain, PhaseKind.Dreg)!.Value * 2 * Batch, state.Augmentation.SignSum, 6);

        step.Run(state, SmallModel.Inputs(state, Shard), statistics, CancellationToken.None);
        double mean = statistics.Mean(PhaseStatistic.RealSigns, PhaseKind.Dmain, PhaseKind.Dreg)!.Value;
        Assert.Equal(0.5 + (Math.Sign(mean - 0.6) * 0.2), state.Augmentation.P, 12);
        Assert.Equal((0, 0), (state.Augmentation.SignSum, state.Augmentation.Images));
        Assert.Equal(state.Augmentation.P, statistics.AugmentationP);
    }

    [Fact]
    public void Run_AugmentedIterations_FreeEveryTensor()
    {
        using var state = SmallModel.State(SmallModel.Config());
        using var statistics = new StepStatistics(CPU);
        var options = Options(new(AugmentationPipe.Bgcfnc.Transforms(), FixedP: 0.7, new AdaptiveAugmentation(0.6, 1, 2)));
        using var lanes = new ShardLanes(state, options.Losses, lanes: 2);
        var step = new TrainStep(lanes, new SoloReduction(Batch / Shard), options);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var counts = new List<long>();
        for (int i = 0; i < 20; i++)
        {
            using var scope = NewDisposeScope();
            step.Run(state, SmallModel.Inputs(state, Shard), statistics, CancellationToken.None);
            counts.Add(Tensor.TotalCount);
        }

        // The first iterations make what is kept: networks' views, statistics.
        Assert.All(counts.Skip(2), count => Assert.Equal(counts[2], count));
    }

    [Fact]
    public async Task Load_ASnapshot_BringsPAndItsSumsBack()
    {
        using var state = SmallModel.State(SmallModel.Config());
        state.Augmentation = new(0.25, -3, 24);
        using var copy = state.Clone();
        Assert.Equal(StateSections.Hash(state), StateSections.Hash(copy));

        using var loaded = SmallModel.State(SmallModel.Config());
        await WriteAndLoad(state, loaded, _ => true);
        Assert.Equal(state.Augmentation, loaded.Augmentation);
        Assert.Equal(StateSections.Hash(state), StateSections.Hash(loaded));

        loaded.Augmentation = new(0.25, -2, 24);
        Assert.NotEqual(StateSections.Hash(state), StateSections.Hash(loaded));
    }

    [Fact]
    public async Task Load_ASnapshotFromBeforeAugmentation_GoesOnWithout()
    {
        using var state = SmallModel.State(SmallModel.Config());
        using var loaded = state.Clone();
        loaded.Augmentation = new(0.25, -3, 24);

        await WriteAndLoad(state, loaded, name => name != TrajectoryState.AugmentationSection);

        Assert.Equal(default, loaded.Augmentation);
        Assert.Equal(StateSections.Hash(state), StateSections.Hash(loaded));
    }

    private static StepOptions Options(AugmentationOptions? augmentation)
    {
        var options = SmallModel.Options(Batch);
        return options with { Losses = options.Losses with { Augmentation = augmentation } };
    }

    private static float[] Gradient(PhaseKind kind, AugmentationOptions? augmentation)
    {
        using var scope = NewDisposeScope();
        using var state = SmallModel.State(SmallModel.Config());
        var options = Options(augmentation);
        using var lanes = new ShardLanes(state, options.Losses, lanes: 1);
        var phase = options.Phases.Single(phase => phase.Kind == kind);
        using var sum = lanes.Sum(
            phase, 1, new ShardRange(0, 1), shard => SmallModel.Inputs(state, Shard)(phase, shard), state.PhaseStart, CancellationToken.None).Single().Value;
        return sum.data<float>().ToArray();
    }

    private static async Task WriteAndLoad(TrajectoryState from, TrajectoryState into, Predicate<string> has)
    {
        var store = new SnapshotStore(new InMemoryBlobStore(), TimeProvider.System);
        var sections = StateSections.Describe(from).Where(section => has(section.Name)).ToList();
        var content = new SnapshotContent(new(from.ImageCount), from.Iteration, 0, new RunSpec(), sections, StateSections.Hash(from), new());
        await store.WriteAsync(content, [StateSections.Parts(from).Where(part => has(part.Section.Name)).ToList()], CancellationToken.None);
        using var snapshot = (await store.OpenNewestAsync(CancellationToken.None)).Snapshot!;
        StateSections.Load(snapshot, into);
    }
}
