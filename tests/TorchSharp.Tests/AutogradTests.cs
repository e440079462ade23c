using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Atelier.TorchSharp.Tests;

public sealed class AutogradTests
{
    [Fact]
    public void Backward_OnAScalar_FillsLeaves()
    {
        using var scope = NewDisposeScope();
        var x = Values.Vector(1, 2).requires_grad_();
        Assert.Null(x.grad);
        (x * x).sum().backward();
        Values.Close([2, 4], x.grad!);
        (x * x).sum().backward();
        Values.Close([4, 8], x.grad!);
        x.grad = null;
        Assert.Null(x.grad);
    }

    [Fact]
    public void Backward_IntoAPresetView_AccumulatesInTheFlatBuffer()
    {
        using var scope = NewDisposeScope();
        var values = Values.Counting(5);
        var gradients = zeros(5, float64);
        var a = values.narrow(0, 0, 2).requires_grad_();
        var b = values.narrow(0, 2, 3).view(3, 1).requires_grad_();
        a.grad = gradients.narrow(0, 0, 2);
        b.grad = gradients.narrow(0, 2, 3).view(3, 1);

        (a.square().sum() + 3 * b.sum()).backward();

        Values.Close([0, 2, 3, 3, 3], gradients);
        (a.square().sum() + 3 * b.sum()).backward(inputs: [a]);
        Values.Close([0, 4, 3, 3, 3], gradients);
    }

    [Fact]
    public void Grad_OfGrad_GivesSecondDerivatives()
    {
        using var scope = NewDisposeScope();
        var x = Values.Vector(1, 2).requires_grad_();
        var first = autograd.grad([x.pow(3).sum()], [x], create_graph: true, retain_graph: true)[0];
        Values.Close([3, 12], first);
        Assert.True(first.requires_grad);
        Values.Close([6, 12], autograd.grad([first.sum()], [x])[0]);
        Assert.Null(x.grad);
    }

    [Fact]
    public void Grad_WithoutRetaining_FreesTheGraphEvenWhenCreatingOne()
    {
        using var scope = NewDisposeScope();
        var x = Values.Vector(1, 2).requires_grad_();
        var y = x.square().exp().sum();
        autograd.grad([y], [x], create_graph: true);
        var error = Assert.Throws<ExternalException>(() => autograd.grad([y], [x]));
        Assert.Contains("second time", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Grad_OfAnUnusedInput_IsInvalidIfAllowed()
    {
        using var scope = NewDisposeScope();
        var x = Values.Vector(1).requires_grad_();
        var unused = Values.Vector(1).requires_grad_();
        var gradients = autograd.grad([x.sum()], [x, unused], retain_graph: true, allow_unused: true);
        Assert.False(gradients[0].IsInvalid);
        Assert.True(gradients[1].IsInvalid);
        Assert.Throws<ExternalException>(() => autograd.grad([x.sum()], [unused]));
    }

    [Fact]
    public void Grad_WithWeights_IsTheirVectorJacobianProduct()
    {
        using var scope = NewDisposeScope();
        var x = Values.Vector(1, 2).requires_grad_();
        var weights = Values.Vector(10, 100);
        Values.Close([20, 400], autograd.grad([x.square()], [x], [weights])[0]);
        x.square().backward([weights]);
        Values.Close([20, 400], x.grad!);
        autograd.backward(x.square(), weights);
        Values.Close([40, 800], x.grad!);
    }

    [Fact]
    public void Modes_WhenNested_RestoreTheOuterOne()
    {
        using var scope = NewDisposeScope();
        var x = Values.Vector(1).requires_grad_();
        using (no_grad())
        {
            Assert.False((x * 2).requires_grad);
            using (enable_grad()) Assert.True((x * 2).requires_grad);
            using (set_grad_enabled(true)) Assert.True(is_grad_enabled());
            Assert.False(is_grad_enabled());
        }
        Assert.True((x * 2).requires_grad);
        Assert.False((x * 2).detach().requires_grad);
        Assert.True(x.is_leaf);
        Assert.False((x * 2).is_leaf);
    }

    [Fact]
    public void InPlace_OnALeafThatRequiresGrad_IsRefusedOutsideOfNoGrad()
    {
        using var scope = NewDisposeScope();
        var x = Values.Vector(1).requires_grad_();
        Assert.Throws<ExternalException>(() => x.add_(1));
        using (no_grad()) x.add_(1);
        Assert.Equal(2, x.ToDouble());
    }

    [Fact]
    public void RetainGrad_OnAnIntermediate_KeepsItsGradient()
    {
        using var scope = NewDisposeScope();
        var x = Values.Vector(3).requires_grad_();
        var y = x * 2;
        y.retain_grad();
        y.square().sum().backward();
        Values.Close([12], y.grad!);
    }

    [Fact]
    public void SetGrad_OfAnotherShape_IsRefused()
    {
        using var scope = NewDisposeScope();
        var x = zeros(2).requires_grad_();
        var error = Assert.Throws<ExternalException>(() => x.grad = zeros(3));
        Assert.Contains("set_grad(float32[2], float32[3])", error.Message, StringComparison.Ordinal);
    }
}
