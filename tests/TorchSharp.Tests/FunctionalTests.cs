using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Atelier.TorchSharp.Tests;

public sealed class FunctionalTests
{
    [Fact]
    public void Conv2d_AgainstUnfoldedWindows_Agrees()
    {
        using var scope = NewDisposeScope();
        var x = randn([2, 3, 6, 5], float64);
        var w = randn([4, 3, 3, 3], float64);
        var b = randn(4, float64);
        var windows = functional.pad(x, [1, 1, 1, 1]).unfold(2, 3, 2).unfold(3, 3, 2); // [N,C,H,W,KH,KW]
        var expected = einsum("nchwij,ocij->nohw", windows, w) + b.view(1, -1, 1, 1);

        var actual = functional.conv2d(x, w, b, strides: [2], padding: [1, 1]);

        Assert.Equal([2, 4, 3, 3], actual.shape);
        Assert.True(expected.allclose(actual));
    }

    [Fact]
    public void ConvTranspose2d_IsTheGradientOfConv2d()
    {
        using var scope = NewDisposeScope();
        var x = randn([1, 2, 6, 6], float64, requires_grad: true);
        var w = randn([3, 2, 3, 3], float64);
        var y = functional.conv2d(x, w, strides: [2, 2], padding: [1, 1]);
        var weights = randn_like(y);
        var gradient = autograd.grad([y], [x], [weights])[0];

        var actual = functional.conv_transpose2d(weights, w, strides: [2, 2], padding: [1, 1], output_padding: [1, 1]);

        Assert.True(gradient.allclose(actual));
    }

    [Fact]
    public void GroupedConvolution_TreatsGroupsApart()
    {
        using var scope = NewDisposeScope();
        var x = randn([1, 4, 4, 4], float64);
        var w = randn([6, 2, 1, 1], float64);
        var parts = x.chunk(2, 1).Zip(w.chunk(2), (input, weight) => functional.conv2d(input, weight)).ToArray();
        Assert.True(cat(parts, 1).allclose(functional.conv2d(x, w, groups: 2)));
    }

    [Fact]
    public void Linear_WithBias_IsAddmm()
    {
        using var scope = NewDisposeScope();
        var x = randn([2, 3], float64);
        var w = randn([4, 3], float64);
        var b = randn(4, float64);
        Assert.True(functional.linear(x, w, b).allclose(b.addmm(x, w.t())));
        Assert.True(functional.linear(x, w).allclose(x.matmul(w.t())));
        Assert.True(b.addmm(x, w.t(), beta: 0.5f, alpha: 2).allclose(0.5 * b + 2 * x.mm(w.t())));
    }

    [Theory]
    [InlineData(PaddingModes.Constant, new double[] { 9, 0, 1, 2, 9, 9 })]
    [InlineData(PaddingModes.Zeros, new double[] { 0, 0, 1, 2, 0, 0 })]
    [InlineData(PaddingModes.Reflect, new double[] { 1, 0, 1, 2, 1, 0 })]
    [InlineData(PaddingModes.Replicate, new double[] { 0, 0, 1, 2, 2, 2 })]
    public void Pad_InEachMode_FillsTheBorder(PaddingModes mode, double[] expected)
    {
        using var scope = NewDisposeScope();
        Values.Close(expected, functional.pad(Values.Counting(1, 3), [1, 2], mode, 9));
    }

    [Fact]
    public void Interpolate_InEachMode_Resizes()
    {
        using var scope = NewDisposeScope();
        var x = Values.Counting(1, 1, 2, 2);
        Values.Close([0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3], functional.interpolate(x, scale_factor: [2.0]));
        Values.Close([0, 0.5, 1, 1, 1.5, 2, 2, 2.5, 3],
            functional.interpolate(x, size: [3, 3], mode: InterpolationMode.Bilinear, align_corners: true));
        Values.Close([0, 0.25, 0.75, 1], functional.interpolate(x, [2, 4], mode: InterpolationMode.Bilinear)[0, 0, 0]);
        Values.Close([1.5], functional.interpolate(x, [1, 1], mode: InterpolationMode.Area));
        Values.Close([0, 1, 2, 3], functional.interpolate(x, [2, 2], mode: InterpolationMode.Bicubic));
        Assert.Throws<ArgumentException>(() => functional.interpolate(x));
    }

    [Fact]
    public void GridSample_OnTheIdentityGrid_IsTheImage()
    {
        using var scope = NewDisposeScope();
        var x = randn([1, 2, 4, 5], float64);
        var theta = tensor(new double[] { 1, 0, 0, 0, 1, 0 }, [1, 2, 3]);
        var grid = functional.affine_grid(theta, [1, 2, 4, 5]);
        Assert.True(x.allclose(functional.grid_sample(x, grid)));
        Assert.True(x.allclose(functional.grid_sample(x, grid, GridSampleMode.Nearest)));
    }

    [Fact]
    public void GridSample_BeyondTheBorder_FollowsItsMode()
    {
        using var scope = NewDisposeScope();
        var x = Values.Counting(1, 1, 1, 3);
        var grid = tensor(new double[] { 4.0 / 3, 0 }, [1, 1, 1, 2]); // one pixel to the right of the last
        Values.Close([0], functional.grid_sample(x, grid));
        Values.Close([2], functional.grid_sample(x, grid, padding_mode: GridSamplePaddingMode.Border));
        Values.Close([2], functional.grid_sample(x, grid, padding_mode: GridSamplePaddingMode.Reflection));
        Values.Close([1], functional.grid_sample(x, grid + tensor(new double[] { 2.0 / 3, 0 }), padding_mode: GridSamplePaddingMode.Reflection));
    }

    [Fact]
    public void Pooling_OverWindows_TakesMeansAndMaxima()
    {
        using var scope = NewDisposeScope();
        var x = Values.Counting(1, 1, 2, 4);
        Values.Close([2.5, 4.5], functional.avg_pool2d(x, 2));
        Values.Close([5, 7], functional.max_pool2d(x, [2, 2]));
        Values.Close([3.5], functional.adaptive_avg_pool2d(x, [1]));
        Values.Close([5, 9], functional.avg_pool2d(x, [2, 2], divisor_override: 2));
    }

    [Fact]
    public void Losses_OnLogits_AgreeWithTheirDefinitions()
    {
        using var scope = NewDisposeScope();
        var logits = randn([3, 4], float64);
        var classes = tensor(new long[] { 0, 3, 1 });
        var expected = -logits.log_softmax(1).gather(1, classes.unsqueeze(1)).mean();
        Assert.True(expected.allclose(functional.cross_entropy(logits, classes)));
        Assert.True(logits.softmax(1).sum(1).allclose(ones(3, float64)));
        var hot = functional.one_hot(classes, 4);
        Assert.Equal(ScalarType.Int64, hot.dtype);
        Values.Close([1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0], hot);
        Assert.True(functional.mse_loss(logits, logits * 0, Reduction.Sum).allclose(logits.square().sum()));
        Assert.True(functional.softplus(-logits).mean().allclose(
            functional.binary_cross_entropy_with_logits(logits, ones_like(logits))));
        Assert.True(functional.normalize(logits).square().sum(1).allclose(ones(3, float64)));
    }

    [Fact]
    public void Activations_InPlace_ChangeTheirArgument()
    {
        using var scope = NewDisposeScope();
        var x = Values.Vector(-1, 1);
        functional.leaky_relu(x, 0.5, inplace: true);
        Values.Close([-0.5, 1], x);
        functional.relu(x);
        Values.Close([-0.5, 1], x);
    }

    [Fact]
    public void PixelShuffle_AndItsInverse_Cancel()
    {
        using var scope = NewDisposeScope();
        var x = randn([1, 4, 2, 3], float64);
        var y = functional.pixel_shuffle(x, 2);
        Assert.Equal([1, 1, 4, 6], y.shape);
        Assert.True(x.Equals(functional.pixel_unshuffle(y, 2)));
    }
}
