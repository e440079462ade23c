using TorchSharp;
using static TorchSharp.torch;

namespace Atelier.TorchSharp.Tests;

public sealed class ConcurrencyTests
{
    [Fact]
    public void ForwardAndBackward_OnFourThreads_GiveTheBitsOfOne()
    {
        var alone = Train();
        var results = new double[4][];
        var failures = new Exception?[4];
        using var start = new Barrier(4);
        var threads = Enumerable.Range(0, 4).Select(i => new Thread(() =>
        {
            start.SignalAndWait();
            failures[i] = Record.Exception(() => results[i] = Train());
        })).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();

        Assert.All(failures, Assert.Null);
        Assert.All(results, result => Assert.Equal(alone, result));
    }

    [Fact]
    public void GradMode_OfOneThread_DoesNotReachAnother()
    {
        using var off = no_grad();
        var enabled = false;
        var thread = new Thread(() => enabled = is_grad_enabled());
        thread.Start();
        thread.Join();
        Assert.True(enabled);
        Assert.False(is_grad_enabled());
    }

    private static double[] Train()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var weight = randn([8, 3, 3, 3], float64, generator: generator).requires_grad_();
        for (var step = 0; step < 20; step++)
        {
            using var inner = NewDisposeScope();
            var x = randn([2, 3, 8, 8], float64, generator: generator).requires_grad_();
            var y = nn.functional.conv2d(x, weight, padding: [1]).leaky_relu(0.2);
            var gradient = autograd.grad([y.sum()], [x], create_graph: true, retain_graph: true)[0];
            (y.mean() + gradient.square().mean()).backward();
            using (no_grad())
            {
                weight.sub_(weight.grad! * 0.1);
                weight.grad!.zero_();
            }
        }
        return weight.detach().flatten().Doubles();
    }
}
