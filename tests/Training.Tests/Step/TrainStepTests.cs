using Atelier.Training.Snapshots;
using Atelier.Training.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Step;

[Collection(LiveHandles)]
public sealed class TrainStepTests
{
    internal const string LiveHandles = "live handles";

    private const int Batch = 8;
    private const int Shard = 4;

    [Fact]
    public void Run_HundredIterations_FreesEveryTensor()
    {
        using var state = SmallModel.State(SmallModel.Config());
        using var lanes = new ShardLanes(state, SmallModel.Options(Batch).Losses, lanes: 2);
        using var statistics = new StepStatistics(CPU);
        var step = new TrainStep(lanes, new SoloReduction(Batch / Shard), SmallModel.Options(Batch));
        // What other tests left to the finalizers must not go while this one counts.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var counts = new List<long>();
        for (int i = 0; i < 100; i++)
        {
            using var scope = NewDisposeScope();
            step.Run(state, SmallModel.Inputs(state, Shard), statistics, CancellationToken.None);
            counts.Add(Tensor.TotalCount);
        }

        // The first iterations make what is kept: networks' views, statistics.
        Assert.All(counts.Skip(2), count => Assert.Equal(counts[2], count));
        Assert.Equal(100, state.Iteration);
        Assert.Equal(100 * Batch, state.ImageCount);
    }

    [Fact]
    public void Run_CancelledBeforeAPhase_LeavesTheStateAsItWas()
    {
        using var state = SmallModel.State(SmallModel.Config());
        using var lanes = new ShardLanes(state, SmallModel.Options(Batch).Losses, lanes: 1);
        using var statistics = new StepStatistics(CPU);
        var step = new TrainStep(lanes, new SoloReduction(Batch / Shard), SmallModel.Options(Batch));
        string before = StateSections.Hash(state);

        Assert.Throws<OperationCanceledException>(() => step.Run(state, SmallModel.Inputs(state, Shard), statistics, new CancellationToken(canceled: true)));

        Assert.Equal(before, StateSections.Hash(state));
    }

    [Fact]
    public void Run_HaltedBetweenTwoPhasesAndRunAgain_SameStateAsNeverHalted()
    {
        using var state = SmallModel.State(SmallModel.Config());
        using var whole = state.Clone();
        using var statistics = new StepStatistics(CPU);
        using (var lanes = new ShardLanes(whole, SmallModel.Options(Batch).Losses, lanes: 1))
            new TrainStep(lanes, new SoloReduction(Batch / Shard), SmallModel.Options(Batch)).Run(whole, SmallModel.Inputs(whole, Shard), statistics, CancellationToken.None);

        using var halted = new ShardLanes(state, SmallModel.Options(Batch).Losses, lanes: 1);
        var step = new TrainStep(halted, new SoloReduction(Batch / Shard), SmallModel.Options(Batch));
        int phases = 0;
        while (state.Iteration == 0)
        {
            using var halt = new CancellationTokenSource();
            var inputs = SmallModel.Inputs(state, Shard);
            // The halt comes while a phase is computed: that phase ends, and no other begins.
            Action run = () => step.Run(state, (phase, shard) => { if (shard == (Batch / Shard) - 1) halt.Cancel(); return inputs(phase, shard); }, statistics, halt.Token);
            if (phases < 3)
                Assert.Throws<OperationCanceledException>(run);
            else
                run();
            Assert.Equal(++phases % 4, state.PhasesDone);
        }

        Assert.Equal(StateSections.Hash(whole), StateSections.Hash(state));
    }

    [Fact]
    public void Run_AShardFails_TheFailureReachesTheCaller()
    {
        using var state = SmallModel.State(SmallModel.Config());
        using var lanes = new ShardLanes(state, SmallModel.Options(Batch).Losses, lanes: 2);
        using var statistics = new StepStatistics(CPU);
        var step = new TrainStep(lanes, new SoloReduction(Batch / Shard), SmallModel.Options(Batch));

        var error = Assert.Throws<InvalidOperationException>(() => step.Run(
            state, (phase, shard) => shard == 1 ? throw new InvalidOperationException("shard 1") : SmallModel.Inputs(state, Shard)(phase, shard), statistics, CancellationToken.None));

        Assert.Equal("shard 1", error.Message);
    }

    [Fact]
    public void Hash_OneChangedBit_Differs()
    {
        using var state = SmallModel.State(SmallModel.Config());
        string before = StateSections.Hash(state);
        using var copy = state.Clone();
        Assert.Equal(before, StateSections.Hash(copy));

        copy.GeneratorMoments.Second.bytes[7] ^= 1;

        Assert.NotEqual(before, StateSections.Hash(copy));
    }
}
