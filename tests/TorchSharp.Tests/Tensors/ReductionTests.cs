using TorchSharp;
using static TorchSharp.torch;

namespace Atelier.TorchSharp.Tests.Tensors;

public sealed class ReductionTests
{
    [Fact]
    public void Sums_OverDimensions_KeepTheRest()
    {
        using var scope = NewDisposeScope();
        var x = Values.Counting(2, 3, 2);
        Assert.Equal(66, x.sum().ToDouble());
        Values.Close([15, 51], x.sum(1, 2));
        Values.Close([15, 51], x.sum([1, 2]));
        Assert.Equal([2, 1, 1], x.sum([1, 2], keepdim: true).shape);
        Values.Close([2.5, 8.5], x.mean([1, 2]));
        Assert.Equal(5.5, x.mean().ToDouble());
        Assert.Equal(ScalarType.Float64, ones(2, int32).sum(float64).dtype);
        Assert.Equal(ScalarType.Int64, ones(2, int32).sum().dtype);
        Values.Close([0, 1, 3], arange(3, float64).cumsum(0));
        Values.Close([1, 2, 6], arange(1, 4, float64).cumprod(0));
        Assert.Equal(24, arange(1, 5).prod().ToInt64());
    }

    [Fact]
    public void Spread_WithAndWithoutBias_DividesAsAsked()
    {
        using var scope = NewDisposeScope();
        var x = Values.Vector(1, 2, 3, 4);
        Assert.Equal(1.25, x.var(false).ToDouble(), 1e-12);
        Assert.Equal(5.0 / 3, x.var().ToDouble(), 1e-12);
        Values.Close([Math.Sqrt(1.25)], x.view(1, 4).std(1, false));
        Values.Close([0.25, 0.25], x.view(2, 2).var([1], unbiased: false));
        Assert.Equal(ScalarType.Float32, x.view(2, 2).std(1, type: float32).dtype);
        Assert.Equal(Math.Sqrt(30), x.norm().ToDouble(), 1e-12);
        Assert.Equal(10, x.norm(1f).ToDouble(), 1e-12);
        Values.Close([Math.Sqrt(5), 5], x.view(2, 2).norm(1));
        Assert.Equal(4, x.norm(float.PositiveInfinity).ToDouble());
        Assert.Equal(Math.Log(Math.E + Math.E), ones(2, float64).logsumexp(0).ToDouble(), 1e-12);
    }

    [Fact]
    public void Extrema_OfEachKind_ComeWithTheirPlaces()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new double[] { 3, 1, 2, 6, 5, 4 }, [2, 3]);
        Assert.Equal(6, x.max().ToDouble());
        var (values, places) = x.max(1);
        Values.Close([3, 6], values);
        Assert.Equal([0, 0], places.Longs());
        Values.Close([1, 4], x.min(1).values);
        Values.Close([3, 6], x.amax(1));
        Assert.Equal([2, 1], x.amin([1], keepdim: true).shape);
        Assert.Equal(3, x.argmax().ToInt64());
        Assert.Equal([1, 2], x.argmin(1).Longs());
        Values.Close([1, 2, 3, 4, 5, 6], x.sort(1).Values);
        Assert.Equal([0, 2, 1, 0, 1, 2], x.sort(1, descending: true).Indices.Longs());
        Values.Close([3, 2], x[0].topk(2).values);
        Values.Close([2, 5], x.kthvalue(2, 1).values);
        Assert.Equal([1, 2, 0], x[0].argsort().Longs());
        Assert.Equal(3.5, x.flatten().quantile(tensor(0.5)).ToDouble(), 1e-12);
        Assert.Equal(3, x.median().ToDouble());
    }

    [Fact]
    public void Amax_IntoAnExistingTensor_WritesThere()
    {
        using var scope = NewDisposeScope();
        var target = zeros(2, float64);
        var returned = Values.Counting(2, 2).amax([1], false, target);
        Assert.Same(target, returned);
        Values.Close([1, 3], target);
    }
}
