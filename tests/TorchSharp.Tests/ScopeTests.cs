using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Atelier.TorchSharp.Tests;

// Live handles are counted over the whole process, so nothing else may run meanwhile.
[Collection(nameof(ScopeTests))]
[CollectionDefinition(nameof(ScopeTests), DisableParallelization = true)]
public sealed class ScopeTests
{
    // What other tests left to the finalizer must not go away while this one counts.
    public ScopeTests()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    [Fact]
    public void Scope_WhenDisposed_FreesWhatItOwns()
    {
        var before = Tensor.TotalCount;
        Tensor kept;
        using (var scope = NewDisposeScope())
        {
            var x = ones(3);
            kept = (x + 1).DetachFromDisposeScope();
            Assert.Equal(1, scope.DisposablesCount);
            Assert.True(scope.Contains(x));
            Assert.Same(scope, CurrentDisposeScope);
        }
        Assert.Null(CurrentDisposeScope);
        Assert.Equal(before + 1, Tensor.TotalCount);
        Assert.Equal(2, kept[0].ToDouble());
        kept.Dispose();
        Assert.True(kept.IsInvalid);
        Assert.Throws<InvalidOperationException>(() => kept.Handle);
        Assert.ThrowsAny<InvalidOperationException>(() => kept.abs());
        Assert.True(Tensor.PeakCount > before);
    }

    [Fact]
    public void Tensors_MovedOutwards_OutliveTheInnerScope()
    {
        using var outer = NewDisposeScope();
        Tensor moved, other, lost;
        using (var inner = NewDisposeScope())
        {
            moved = ones(1).MoveToOuterDisposeScope();
            other = inner.MoveToOther(outer, ones(1));
            lost = ones(1);
        }
        Assert.False(moved.IsInvalid);
        Assert.False(other.IsInvalid);
        Assert.True(lost.IsInvalid);
        Assert.True(outer.Contains(moved));
        Assert.True(outer.Contains(other));
        var returned = WrappedTensorDisposeScope(() => ones(2) + ones(2));
        Assert.True(outer.Contains(returned));
        Assert.Equal(3, outer.DisposablesCount);
    }

    [Fact]
    public void DisposeEverythingBut_KeepsOnlyTheGiven()
    {
        using var scope = NewDisposeScope();
        var kept = ones(1);
        var gone = ones(1);
        Assert.Same(kept, scope.DisposeEverythingBut(kept));
        Assert.True(gone.IsInvalid);
        Assert.False(kept.IsInvalid);
        Assert.Equal([kept], scope.DisposablesView);
        scope.DisposeEverything();
        Assert.True(kept.IsInvalid);
    }

    [Fact]
    public void Attach_OfAFreeTensor_MakesTheScopeItsOwner()
    {
        var x = ones(1);
        using (var scope = NewDisposeScope())
        {
            Assert.Equal(0, scope.DisposablesCount);
            scope.Attach(x);
            Assert.Equal(1, scope.DisposablesCount);
        }
        Assert.True(x.IsInvalid);
    }

    [Fact]
    public void Scopes_ClosedOutOfOrder_LeaveTheStackWhole()
    {
        var outer = NewDisposeScope();
        var inner = NewDisposeScope();
        var x = ones(1);
        outer.Dispose();
        Assert.Same(inner, CurrentDisposeScope);
        Assert.False(x.IsInvalid);
        x.MoveToOuterDisposeScope();
        inner.Dispose();
        Assert.Null(CurrentDisposeScope);
        Assert.False(x.IsInvalid);
        x.Dispose();
    }

    [Fact]
    public void Scopes_OfOtherThreads_AreNotSeen()
    {
        using var scope = NewDisposeScope();
        Tensor? made = null;
        var thread = new Thread(() => made = ones(1));
        thread.Start();
        thread.Join();
        Assert.Equal(0, scope.DisposablesCount);
        made!.Dispose();
    }

    [Fact]
    public void Statistics_OfTheThread_CountEachWay()
    {
        DisposeScopeManager.Statistics.Reset();
        var free = ones(1);
        using (NewDisposeScope())
        {
            ones(1).Dispose();
            _ = ones(1);
            ones(1).DetachFromDisposeScope().Dispose();
        }
        free.Dispose();
        var counts = DisposeScopeManager.Statistics;
        Assert.Equal(1, counts.CreatedOutsideScopeCount);
        Assert.Equal(3, counts.CreatedInScopeCount);
        Assert.Equal(2, counts.DisposedInScopeCount);
        Assert.Equal(2, counts.DisposedOutsideScopeCount);
        Assert.Equal(1, counts.DetachedFromScopeCount);
        Assert.Equal(0, counts.ThreadTotalLiveCount);
    }

    [Fact]
    public void HundredTrainingSteps_LeaveTheLiveCountConstant()
    {
        using var outer = NewDisposeScope();
        var flat = randn(12, float64);
        var gradients = zeros(12, float64);
        var weight = flat.view(3, 4).requires_grad_();
        weight.grad = gradients.view(3, 4);
        var afterFirst = 0L;
        for (var step = 0; step < 100; step++)
        {
            using (NewDisposeScope())
            {
                gradients.zero_();
                var x = randn(5, 4, float64).requires_grad_();
                var y = nn.functional.linear(x, weight).tanh();
                var inner = autograd.grad([y.sum()], [x], create_graph: true, retain_graph: true)[0];
                (y.square().mean() + inner.square().sum()).backward();
                using (no_grad()) flat.add_(gradients, -0.01);
                Assert.NotEqual(0, gradients.abs().sum().ToDouble());
            }
            if (step == 0) afterFirst = Tensor.TotalCount;
        }
        Assert.Equal(afterFirst, Tensor.TotalCount);
    }

    [Fact]
    public void LeakedTensors_WhenCollected_AreFreed()
    {
        var before = Tensor.TotalCount;
        Leak();
        Assert.True(Tensor.TotalCount >= before + 10);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.True(Tensor.TotalCount < before + 10);
    }

    [Fact]
    public void NativeHandle_HandedOverAndTakenBack_IsTheSameTensor()
    {
        using var scope = NewDisposeScope();
        var before = Tensor.TotalCount;
        var x = ones(2);
        var pointer = x.Handle;
        Assert.Equal(pointer, x.DecoupleFromNativeHandle());
        Assert.True(x.IsInvalid);
        Assert.Equal(before, Tensor.TotalCount);
        Assert.Equal(0, scope.DisposablesCount);
        var y = Tensor.UnsafeCreateTensor(pointer);
        Assert.Equal(pointer, y.Handle);
        Values.Close([1, 1], y);
        Assert.True(scope.Contains(y));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Leak()
    {
        for (var i = 0; i < 10; i++) _ = ones(1);
    }
}
