using Atelier.Core.Schedules;
using Atelier.Core.Sharding;
using Atelier.Training.Losses;
using Atelier.Training.Networks;
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

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Run_AMeanThatIsNotFinite_MovesNothingAndIsGoneAfterwards(float broken)
    {
        using var state = SmallModel.State(SmallModel.Config());
        using var lanes = new ShardLanes(state, SmallModel.Options(Batch).Losses, lanes: 1);
        using var statistics = new StepStatistics(CPU);
        var reduction = new AlteredReduction(new SoloReduction(Batch / Shard));
        var step = new TrainStep(lanes, reduction, SmallModel.Options(Batch));
        void Run() => step.Run(state, SmallModel.Inputs(state, Shard), statistics, CancellationToken.None);
        float[] MeanStyle()
        {
            var entry = state.Model.GeneratorLayout[Generator.MeanStyleName];
            return state.Generator.data<float>().ToArray()[(int)entry.Offset..(int)(entry.Offset + entry.Count)];
        }

        reduction.Alter = (phase, sum) =>
        {
            var buffer = phase[0] == 'G' ? state.Model.GeneratorBuffer : state.Model.DiscriminatorBuffer;
            buffer.Statistic(sum, PhaseStatistic.PathLength).fill_(broken);
            buffer.MeanStyle(sum).select(0, 3).fill_(broken);
        };
        Run();
        Assert.Equal(0, state.PathLengthMean.item<float>());
        Assert.Equal(0, MeanStyle()[3]);
        Assert.All(MeanStyle().Where((_, i) => i != 3), value => Assert.True(float.IsFinite(value) && value != 0));

        reduction.Alter = (_, _) => { };
        Run();
        Run(); // path lengths come every other iteration
        Assert.True(float.IsFinite(state.PathLengthMean.item<float>()) && state.PathLengthMean.item<float>() > 0);
        Assert.All(MeanStyle(), value => Assert.True(float.IsFinite(value) && value != 0));
    }

    [Fact]
    public void Compute_Dmain_GeneratedImagesAreDoneWithBeforeRealOnesAreLoaded()
    {
        using var state = SmallModel.State(SmallModel.Config());
        var options = SmallModel.Options(Batch);
        using var replica = new Replica(state);
        var loss = new ShardLoss(state.Model, options.Losses);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        (long Live, bool HasGradient) AtLoad(PhaseKind kind)
        {
            var phase = options.Phases.Single(phase => phase.Kind == kind);
            var (real, draws) = SmallModel.Inputs(state, Shard)(phase, 0);
            (long Live, bool HasGradient) found = default;
            using var scope = NewDisposeScope();
            var observed = new RealShard(Shard, () =>
            {
                found = (Tensor.TotalCount, replica.DiscriminatorBuffer.abs().sum().item<float>() > 0);
                return real.Load();
            });
            _ = loss.Compute(phase, replica, observed, draws, state.PhaseStart);
            return found;
        }

        // Dreg loads them before it computes anything.
        var (nothing, main) = (AtLoad(PhaseKind.Dreg), AtLoad(PhaseKind.Dmain));

        Assert.False(nothing.HasGradient);
        Assert.True(main.HasGradient);
        Assert.InRange(main.Live - nothing.Live, 0, 4); // the loss, and no activation
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

    /// <summary>A reduction whose sums are changed on the way, as a broken worker would.</summary>
    private sealed class AlteredReduction(IPhaseReduction inner) : IPhaseReduction
    {
        public Action<string, Tensor> Alter { get; set; } = (_, _) => { };

        public ShardRange Held => inner.Held;

        public int ShardCount => inner.ShardCount;

        public Tensor Reduce(string phase, IReadOnlyList<SubtreeSum<Tensor>> pieces, CancellationToken cancellation)
        {
            var sum = inner.Reduce(phase, pieces, cancellation);
            using var scope = NewDisposeScope();
            Alter(phase, sum);
            return sum;
        }
    }
}
