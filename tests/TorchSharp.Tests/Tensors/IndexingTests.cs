using TorchSharp;
using static TorchSharp.torch;

namespace Atelier.TorchSharp.Tests.Tensors;

public sealed class IndexingTests
{
    [Fact]
    public void Indices_OfEachKind_SelectAsInPython()
    {
        using var scope = NewDisposeScope();
        var x = Values.Counting(2, 3, 4);
        Assert.Equal(23, x[1, 2, 3].item<double>());
        Assert.Equal(23, x[-1, -1, -1].item<double>());
        Values.Close([4, 5, 6, 7], x[0, 1]);
        Values.Close([3, 7, 11, 15, 19, 23], x[TensorIndex.Ellipsis, 3]);
        Values.Close([1, 2, 13, 14], x[TensorIndex.Colon, 0, 1..3]);
        Values.Close([1, 2, 13, 14], x[.., 0, 1..^1]);
        Values.Close([0, 2], x[0, 0, TensorIndex.Slice(step: 2)]);
        Values.Close([3], x[0, 0, ^1..]);
        Assert.Equal([2, 1, 3, 4], x[.., TensorIndex.None].shape);
        Values.Close([0, 8], x[0, TensorIndex.Tensor(tensor(new long[] { 0, 2 })), 0]);
        Values.Close([12, 13], x[x > 11][..2]);
    }

    [Fact]
    public void Assignment_ThroughIndices_Writes()
    {
        using var scope = NewDisposeScope();
        var x = zeros(2, 3, float64);
        x[0] = tensor(1.0);
        x[.., 1..] = Values.Vector(5, 6);
        x[1, 0] = tensor(9.0);
        Values.Close([1, 5, 6, 9, 5, 6], x);
        x[x > 5] = tensor(0.0);
        Values.Close([1, 5, 0, 0, 5, 0], x);
        x.index_put_(7, TensorIndex.Single(0), TensorIndex.Single(0));
        Values.Close([7, 5, 0, 0, 5, 0], x);
    }

    [Fact]
    public void Gathering_ByIndex_FindsElements()
    {
        using var scope = NewDisposeScope();
        var x = Values.Counting(3, 2);
        var index = tensor(new long[] { 2, 0 });
        Values.Close([4, 5, 0, 1], x.index_select(0, index));
        Values.Close([4, 1], x.gather(0, index.unsqueeze(0)));
        Values.Close([5, 0], x.take(tensor(new long[] { 5, 0 })));
        Values.Close([1, 3, 5], x.masked_select(x % 2 == 1));
        Values.Close([20, 21, 2, 3, 14, 15], x.index_add(0, index, tensor(new double[] { 1, 1, 2, 2 }, [2, 2]), 10));
        Values.Close([1, 0, 1], zeros(3, float64).scatter_(0, index, ones(2, float64)));
        Values.Close([0, 2], zeros(2, float64).scatter_add_(0, tensor(new long[] { 1, 1 }), ones(2, float64)));
        Assert.Equal([1, 2], Values.Vector(0, 3, 4).nonzero().squeeze(1).Longs());
        Values.Close([2, 4], x.slice(0, 1, 3, 1).select(1, 0));
        Assert.Equal([1, 3], searchsorted(Values.Vector(1, 2, 3), Values.Vector(1.5, 9)).Longs());
    }
}
