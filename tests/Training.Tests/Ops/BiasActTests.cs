using Atelier.Training.Ops;
using Atelier.Training.Tests.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Ops;

[Collection(TrainStepTests.LiveHandles)]
public class BiasActTests
{
    [Theory]
    [InlineData(Activation.Linear, 1, 1)]
    [InlineData(Activation.Relu, 1, 1.4142135623730951)]
    [InlineData(Activation.LeakyRelu, -1, -0.28284271247461906)]
    [InlineData(Activation.Tanh, 1, 0.7615941559557649)]
    [InlineData(Activation.Sigmoid, 0, 0.5)]
    [InlineData(Activation.Elu, -1, -0.6321205588285577)]
    [InlineData(Activation.Selu, 1, 1.0507009873554805)]
    [InlineData(Activation.Softplus, 0, 0.6931471805599453)]
    [InlineData(Activation.Swish, 1, 1.0338729567877507)]
    public void Apply_DefaultGain_IsThePublishedOne(Activation activation, double x, double expected)
    {
        using var scope = NewDisposeScope();
        var y = PublishedOps.BiasAct(tensor([x, x], [1, 2], float64), activation: activation);
        Assert.Equal(expected, y[0, 1].item<double>(), 1e-14);
    }

    [Fact]
    public void Apply_BiasGainAndClamp_FollowTheirOrder()
    {
        using var scope = NewDisposeScope();
        var y = PublishedOps.BiasAct(tensor([1.0, -4, 10], [1, 3], float64), tensor([1.0, 1, 1], float64), activation: Activation.LeakyRelu, alpha: .5, gain: 2, clamp: 5);
        Assert.Equal([4, -3, 5], y.data<double>().ToArray());
    }

    [Fact]
    public void Apply_BiasOfWrongSize_NamesBothShapesAndTheOp()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<OpException>(() => PublishedOps.BiasAct(zeros(2, 3), zeros(4)));
        Assert.Contains("bias_act", error.Message, StringComparison.Ordinal);
        Assert.Contains("[2, 3]", error.Message, StringComparison.Ordinal);
        Assert.Contains("[4]", error.Message, StringComparison.Ordinal);
        Assert.Contains("Float32", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Apply_ManyTimes_LeavesNoHandleBehind()
    {
        using var x = ones(4, 4);
        PublishedOps.BiasAct(x).Dispose();
        long before = Tensor.TotalCount;
        for (var i = 0; i < 100; i++)
        {
            using var scope = NewDisposeScope();
            PublishedOps.BiasAct(x, activation: Activation.LeakyRelu);
        }
        Assert.Equal(before, Tensor.TotalCount);
    }
}
