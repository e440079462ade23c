using Atelier.Core.Schedules;
using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Ops;

public class FlatOptimizerTests
{
    [Fact]
    public void AdamStep_FirstStep_MovesByTheLearningRateAgainstTheSign()
    {
        using var scope = NewDisposeScope();
        var parameters = tensor([1.0, 1, 1], float64);
        var counts = FlatOptimizer.AdamStep(parameters, tensor([5.0, -1e-3, 0], float64), zeros(3, float64), zeros(3, float64), new AdamHyper(.1, 0, .99, 1e-12), 1, 1);
        Assert.Equal([0.0, 0], counts.data<double>().ToArray());
        var values = parameters.data<double>().ToArray();
        Assert.Equal(.9, values[0], 1e-9);
        Assert.Equal(1.1, values[1], 1e-9);
        Assert.Equal(1, values[2]);
    }

    [Fact]
    public void AdamStep_NonFiniteGradients_AreReplacedAndCounted()
    {
        using var scope = NewDisposeScope();
        var first = zeros(4, float64);
        var gradient = tensor([double.NaN, double.PositiveInfinity, double.NegativeInfinity, 2], float64);
        var counts = FlatOptimizer.AdamStep(zeros(4, float64), gradient, first, zeros(4, float64), new AdamHyper(.1, .5, .99, 1e-8), 1, .5);
        Assert.Equal([1.0, 2], counts.data<double>().ToArray());
        Assert.Equal([0, 5e4, -5e4, .5], first.data<double>().ToArray());
    }

    [Fact]
    public void Ema_Beta_IsTheShareThatStays()
    {
        using var scope = NewDisposeScope();
        var average = tensor([1.0, 0], float64);
        FlatOptimizer.Ema(average, tensor([0.0, 8], float64), .75);
        Assert.Equal([.75, 2], average.data<double>().ToArray());
    }

    [Fact]
    public void AdamStep_BuffersOfDifferentSize_NamesThem()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<OpException>(() => FlatOptimizer.AdamStep(zeros(3), zeros(4), zeros(3), zeros(3), new AdamHyper(.1, 0, .99, 1e-8), 1, 1));
        Assert.Contains("[4]", error.Message, StringComparison.Ordinal);
    }
}
