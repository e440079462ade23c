using TorchSharp;
using static TorchSharp.torch;

namespace Atelier.TorchSharp.Tests.Tensors;

public sealed class ShapeTests
{
    [Fact]
    public void Views_OfATensor_ShareItsStorage()
    {
        using var scope = NewDisposeScope();
        var x = zeros(2, 6, float64);
        x.view(3, 4)[2, 3].fill_(1);
        x.t()[0].add_(2);
        x.narrow(1, 1, 2).mul_(0).add_(5);
        x.select(1, 3).fill_(7);
        Values.Close([2, 5, 5, 7, 0, 0, 2, 5, 5, 7, 0, 1], x);
        x.clone().zero_();
        Assert.NotEqual(0, x.sum().ToDouble());
    }

    [Fact]
    public void Shapes_OfRearrangements_AreAsAsked()
    {
        using var scope = NewDisposeScope();
        var x = Values.Counting(2, 3, 4);
        Assert.Equal([4, 2, 3], x.permute(2, 0, 1).shape);
        Assert.Equal([2, 4, 3], x.transpose(1, 2).shape);
        Assert.Equal([4, 3, 2], x.T.shape);
        Assert.Equal([2, 4, 3], x.mT.shape);
        Assert.Equal([6, 4], x.flatten(0, 1).shape);
        Assert.Equal([2, 3, 2, 2], x.unflatten(-1, 2, 2).shape);
        Assert.Equal([2, 1, 3, 4], x.unsqueeze(1).shape);
        Assert.Equal([2, 3, 4], x.unsqueeze(1).squeeze().shape);
        Assert.Equal([1, 3, 4], x[TensorIndex.Slice(0, 1)].squeeze(1).shape);
        Assert.Equal([4, 2, 3], x.movedim([2], [0]).shape);
        Assert.Equal([5, 2, 3, 4], x.expand(5, -1, -1, -1).shape);
        Assert.Equal([4, 3, 4], x.repeat(2, 1, 1).shape);
        Assert.Equal([24], x.reshape(-1).shape);
        Assert.Equal([12, 4, 1], x.stride());
        Assert.Equal(3, x.ndim);
        Assert.Equal(24, x.numel());
        Assert.Equal(4, x.size(-1));
    }

    [Fact]
    public void ToString_OfATensor_TellsWhatItIs()
    {
        using var x = zeros(2, 3);
        Assert.Equal("[2x3], type = Float32, device = cpu", x.ToString());
    }

    [Fact]
    public void Permuted_Tensor_ReadsInLogicalOrder()
    {
        using var scope = NewDisposeScope();
        var x = Values.Counting(2, 3).t();
        Assert.False(x.is_contiguous());
        Values.Close([0, 3, 1, 4, 2, 5], x);
        Assert.True(x.contiguous().is_contiguous());
        Values.Close([0, 3, 1, 4, 2, 5], x.contiguous());
    }

    [Fact]
    public void ManyDimensions_BeyondTheCommonRank_KeepTheirSizes()
    {
        using var scope = NewDisposeScope();
        long[] shape = [1, 2, 1, 2, 1, 2, 1, 2, 1, 2];
        Assert.Equal(shape, zeros(shape).shape);
        Assert.Equal(10, zeros(shape).stride().Length);
    }

    [Fact]
    public void Orders_AlongDimensions_AreReversedAndShifted()
    {
        using var scope = NewDisposeScope();
        var x = Values.Counting(2, 3);
        Values.Close([2, 1, 0, 5, 4, 3], x.flip(1));
        Values.Close([2, 0, 1, 5, 3, 4], x.roll(1, 1));
        Values.Close([5, 3, 4, 2, 0, 1], x.roll([1, 1], [0, 1]));
        Values.Close([0, 0, 1, 1], arange(2, float64).repeat_interleave(2));
        Values.Close([0, 0, 1], arange(2, float64).repeat_interleave(tensor(new long[] { 2, 1 })));
        Values.Close([0, 0, 0, 3, 4, 0], x.tril());
        Values.Close([0, 1, 2, 0, 4, 5], x.triu());
        Values.Close([0, 4], x.diagonal());
        Values.Close([1, 0, 0, 2], Values.Vector(1, 2).diag());
    }

    [Fact]
    public void Pieces_OfATensor_CoverIt()
    {
        using var scope = NewDisposeScope();
        var x = Values.Counting(5, 2);
        Assert.Equal([2, 2, 1], x.split(2).Select(piece => piece.shape[0]));
        Assert.Equal([1, 4], x.split([1, 4]).Select(piece => piece.shape[0]));
        Assert.Equal([3, 2], x.chunk(2).Select(piece => piece.shape[0]));
        Assert.Equal(2, x.unbind(1).Length);
        Values.Close([1, 3, 5, 7, 9], x.unbind(1)[1]);
        Values.Close(x.Doubles(), cat(x.split(2)));
        Assert.Equal([2, 5, 2], stack([x, x]).shape);
        Assert.Equal([5, 4], cat([x, x], 1).shape);
        Values.Close([0, 1, 2, 1, 2, 3], arange(4, float64).unfold(0, 3, 1));
    }

    [Fact]
    public void Einsum_AndMeshgrid_FollowTheirNotation()
    {
        using var scope = NewDisposeScope();
        var x = Values.Counting(2, 2);
        Values.Close(x.matmul(x).Doubles(), einsum("ij,jk->ik", x, x));
        var grids = meshgrid([arange(2, float64), arange(3, float64)]);
        Assert.Equal([2, 3], grids[0].shape);
        Values.Close([0, 0, 0, 1, 1, 1], grids[0]);
        Values.Close(x.mm(x).Doubles(), tensordot(x, x, 1));
    }
}
