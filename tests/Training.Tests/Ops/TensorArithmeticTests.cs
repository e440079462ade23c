using System.Diagnostics;
using Atelier.Training.Interop;
using static Atelier.Training.Interop.TensorArithmetic;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Ops;

public sealed class TensorArithmeticTests
{
    private static readonly bool Soak = Environment.GetEnvironmentVariable("ATELIER_SOAK") == "1";

    /// <summary>What frees a number that libtorch still reads, where nothing holds it: TorchSharp's own operators fail here within seconds.</summary>
    [Fact]
    public void Numbers_WhileAnotherThreadCollects_AreReadWhole()
    {
        using var stop = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                GC.Collect(0);
                Thread.SpinWait(3000);
            }
        });
        collector.Start();
        try
        {
            using var x = ones(4096);
            using var negative = -x;
            for (var start = Stopwatch.StartNew(); start.Elapsed.TotalSeconds < (Soak ? 60 : 3);)
            {
                using var scope = NewDisposeScope();
                for (int i = 0; i < 100; i++)
                {
                    Assert.Equal(0.25f, x.Times(0.25)[7].item<float>());
                    Assert.Equal(-0.25f, negative.leaky_relu(Number(0.25))[7].item<float>());
                    Assert.Equal(3f, x.Plus(x.Plus(1))[7].item<float>());
                }
            }
        }
        finally
        {
            stop.Cancel();
            collector.Join();
        }
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(-30.0)]
    [InlineData(30.0)]
    [InlineData(1.5)]
    public void Softplus_AndItsDerivatives_AreThoseOfTheDefinition(double at)
    {
        using var scope = NewDisposeScope();
        var x = tensor([at], ScalarType.Float64).requires_grad_();
        var y = x.Softplus();
        var first = autograd.grad([y], [x], create_graph: true)[0];
        var second = autograd.grad([first], [x])[0];
        double sigmoid = 1 / (1 + Math.Exp(-at));

        Assert.Equal(Math.Max(at, 0) + Math.Log(1 + Math.Exp(-Math.Abs(at))), y.item<double>(), 1e-12);
        Assert.Equal(sigmoid, first.item<double>(), 1e-12);
        Assert.Equal(sigmoid * (1 - sigmoid), second.item<double>(), 1e-12);
    }

    [Fact]
    public void SquareRoot_OfZeroAndSquares_IsTheRoot()
    {
        using var roots = tensor([0f, 1, 4, 0.25f, 1e-20f]).SquareRoot();
        Assert.Equal([0, 1, 2, 0.5f, 1e-10f], roots.data<float>().ToArray(), (a, b) => Math.Abs(a - b) <= 2e-7f * b);
    }
}
