using Atelier.Core.Randomness;
using Atelier.Core.Specs;
using Atelier.Kernels;
using Atelier.Training.Augmentation;
using Atelier.Training.Interop;
using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Augmentation;

/// <summary>The augmentation of whole batches by libtorch's functions against the kernel, which takes image after image.</summary>
public sealed class PlainAugmentationTests
{
    private const int Height = 24;
    private const int Width = 16;
    private const double Tolerance = 2e-5;

    /// <summary>What each image of the batch undergoes; null leaves it as it is.</summary>
    private static readonly AugmentationPipe?[] Images =
        [null, AugmentationPipe.Bgcfnc, AugmentationPipe.Geom, null, AugmentationPipe.Blit, AugmentationPipe.Color, AugmentationPipe.Filter, AugmentationPipe.Noise, AugmentationPipe.Cutout, AugmentationPipe.Bgcfnc];

    [Theory]
    [InlineData(3)]
    [InlineData(1)]
    public void Apply_ABatchOfDifferentImages_ValueAndDerivativesAsTheKernel(int channels)
    {
        using var scope = NewDisposeScope();
        manual_seed(6);
        var parameters = Parameters(channels);
        var plan = AugmentationPlan.Create(channels, Height, Width, parameters);
        Tensor images = randn([Images.Length, channels, Height, Width]), noise = randn_like(images), direction = randn_like(images);
        Assert.True(OpKernels.Fit(images));

        var kernel = Derivatives(x => AugmentOp.Apply(x, parameters, noise), images, direction);
        var plain = Derivatives(x => PlainAugmentation.Apply(plan, x, noise), images, direction);
        var exact = Derivatives(x => PlainAugmentation.Apply(plan, x, noise), images.to(ScalarType.Float64), direction.to(ScalarType.Float64));

        for (int i = 0; i < exact.Length; i++)
        {
            Assert.InRange(Error(kernel[i], exact[i]), 0, Tolerance);
            Assert.InRange(Error(plain[i], exact[i]), 0, Tolerance);
        }
        foreach (int image in Enumerable.Range(0, Images.Length).Where(image => Images[image] is null))
            Assert.Equal(images[image].data<float>().ToArray(), plain[0][image].data<float>().ToArray());
    }

    private static double[] Parameters(int channels)
    {
        var rows = new double[Images.Length * AugmentOp.ParameterCount];
        var uniform = new DrawKey(7, 0, DrawPurpose.Augmentation);
        for (int image = 0; image < Images.Length; image++)
        {
            var transforms = Images[image]?.Transforms() ?? default;
            ImageAugmentation.Draw(transforms, 1, new AugmentationDraws(uniform, uniform with { Layer = 1 }, image), channels, Width, Height)
                .Write(rows.AsSpan(image * AugmentOp.ParameterCount, AugmentOp.ParameterCount));
        }
        return rows;
    }

    /// <summary>The value, its gradient, and the gradient's own. The op is affine in the images, so its square is what is differentiated.</summary>
    private static Tensor[] Derivatives(Func<Tensor, Tensor> apply, Tensor images, Tensor direction)
    {
        var x = images.detach().clone().requires_grad_();
        var y = apply(x);
        var gradient = DifferentiationScope.Gradients([(y.Squared() * direction).sum()], [x], createGraph: true)[0]!;
        var second = DifferentiationScope.Gradients([gradient.Squared().sum()], [x])[0]!;
        return [y.detach(), gradient.detach(), second];
    }

    private static double Error(Tensor actual, Tensor exact) => (actual.to(ScalarType.Float64) - exact).abs().max().item<double>() / exact.abs().max().item<double>();
}
