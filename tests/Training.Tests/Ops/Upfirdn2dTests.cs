using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Ops;

public class Upfirdn2dTests
{
    [Fact]
    public void SetupFilter_ShortTaps_IsNormalisedOuterProduct()
    {
        using var scope = NewDisposeScope();
        var filter = Upfirdn2d.SetupFilter([1, 3, 3, 1]);
        Assert.Equal([4, 4], filter.shape);
        Assert.Equal(float32, filter.dtype);
        Assert.Equal(9f / 64, filter[1, 2].item<float>());
        Assert.Equal(1f / 64, filter[3, 0].item<float>());
    }

    [Fact]
    public void SetupFilter_EightTaps_StaysSeparable()
    {
        using var scope = NewDisposeScope();
        Assert.Equal([8], Upfirdn2d.SetupFilter([1, 1, 1, 1, 1, 1, 1, 1]).shape);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void UpsampleAndDownsample_ConstantImage_KeepItInside(int factor)
    {
        using var scope = NewDisposeScope();
        var filter = Upfirdn2d.SetupFilter(factor == 2 ? [1, 3, 3, 1] : [1, 2, 3, 4, 4, 3, 2, 1]).to(float64);
        var image = full([1, 2, 64, 32], 3.0, float64);
        var larger = Upfirdn2d.Upsample(image, filter, factor);
        var smaller = Upfirdn2d.Downsample(image, filter, factor);
        Assert.Equal([1, 2, 64 * factor, 32 * factor], larger.shape);
        Assert.Equal([1, 2, 64 / factor, 32 / factor], smaller.shape);
        Assert.Equal(3, larger[0, 1, 32 * factor, 16 * factor].item<double>(), 1e-6);
        Assert.Equal(3, smaller[0, 1, 32 / factor, 16 / factor].item<double>(), 1e-6);
    }

    [Fact]
    public void Apply_NegativePadding_Crops()
    {
        using var scope = NewDisposeScope();
        var image = arange(0, 20, float64).reshape(1, 1, 4, 5);
        var cropped = Upfirdn2d.Apply(image, null, (1, 1), (1, 1), new Padding2d(1, 2, 2, 0));
        Assert.Equal([1, 1, 6, 8], cropped.shape);
        var inner = Upfirdn2d.Apply(image, null, (1, 1), (1, 1), new Padding2d(-1, -2, -2, 0));
        Assert.Equal([11, 12, 16, 17], inner.data<double>().ToArray());
    }
}
