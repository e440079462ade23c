using Atelier.Core.Schedules;

namespace Atelier.Core.Tests.Schedules;

public class PhaseScheduleTests
{
    private static PhaseKind[] KindsAt(IReadOnlyList<Phase> phases, long iteration) =>
        [.. PhaseSchedule.At(phases, iteration).Select(phase => phase.Kind)];

    [Fact]
    public void At_PaperIntervals_RunsRegularisersWhenDivisible()
    {
        var phases = PhaseSchedule.Build(new(4), 2, new(16), 10);
        Assert.Equal([PhaseKind.Gmain, PhaseKind.Greg, PhaseKind.Dmain, PhaseKind.Dreg], KindsAt(phases, 0));
        Assert.Equal([PhaseKind.Gmain, PhaseKind.Dmain], KindsAt(phases, 1));
        Assert.Equal([PhaseKind.Gmain, PhaseKind.Greg, PhaseKind.Dmain], KindsAt(phases, 4));
        Assert.Equal([PhaseKind.Gmain, PhaseKind.Greg, PhaseKind.Dmain, PhaseKind.Dreg], KindsAt(phases, 32));
    }

    [Fact]
    public void Build_Lazy_RegulariserWeighsItsInterval()
    {
        var phases = PhaseSchedule.Build(new(4), 2, new(16), 10);
        Assert.Equal([1.0, 4, 1, 16], phases.Select(phase => phase.Gain));
        Assert.Equal(
            [TrainedNetwork.Generator, TrainedNetwork.Generator, TrainedNetwork.Discriminator, TrainedNetwork.Discriminator],
            phases.Select(phase => phase.Network));
    }

    [Fact]
    public void Build_ZeroWeights_HaveNoPhase() =>
        Assert.Equal([PhaseKind.Gmain, PhaseKind.Dmain], KindsAt(PhaseSchedule.Build(new(4), 0, new(16), 0), 0));

    [Fact]
    public void Build_NotLazy_RunsBothInOnePassWithoutGain()
    {
        var phases = PhaseSchedule.Build(new(null), 2, new(null), 10);
        Assert.Equal([PhaseKind.Gboth, PhaseKind.Dboth], KindsAt(phases, 7));
        Assert.All(phases, phase => Assert.True(phase is { Gain: 1, HasMain: true, HasRegularisation: true }));
    }

    [Theory]
    [InlineData(PhaseKind.Gmain, true, false)]
    [InlineData(PhaseKind.Greg, false, true)]
    [InlineData(PhaseKind.Dmain, true, false)]
    [InlineData(PhaseKind.Dreg, false, true)]
    [InlineData(PhaseKind.Gboth, true, true)]
    [InlineData(PhaseKind.Dboth, true, true)]
    public void Phase_Kind_SaysWhichLossesArePart(PhaseKind kind, bool main, bool regularisation)
    {
        var phase = new Phase(kind, TrainedNetwork.Generator, 1, 1);
        Assert.Equal((main, regularisation), (phase.HasMain, phase.HasRegularisation));
    }
}
