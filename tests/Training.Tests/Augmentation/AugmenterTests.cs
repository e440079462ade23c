using Atelier.Core.Randomness;
using Atelier.Core.Specs;
using Atelier.Training.Augmentation;
using Atelier.Training.Interop;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Augmentation;

public sealed class AugmenterTests
{
    private static readonly AugmentationTransforms All = AugmentationPipe.Bgcfnc.Transforms();
    private static readonly DrawKey Key = new(3, 0, DrawPurpose.Augmentation, Iteration: 5, Phase: 1, Index: 2);

    [Fact]
    public void Apply_PIsZero_GivesTheImagesThemselves()
    {
        using var scope = NewDisposeScope();
        var images = Images();
        Assert.Same(images, Augmenter.Apply(images, All, 0, Key, AugmentedImages.Real));
    }

    [Fact]
    public void Apply_SameKey_SameBits_AnotherKeyOrKind_Others()
    {
        using var scope = NewDisposeScope();
        var first = Augment(Key, AugmentedImages.Real);
        Assert.Equal(first, Augment(Key, AugmentedImages.Real));
        Assert.NotEqual(first, Augment(Key, AugmentedImages.Generated));
        Assert.NotEqual(first, Augment(Key with { Index = 3 }, AugmentedImages.Real));
        Assert.NotEqual(first, Augment(Key with { Iteration = 6 }, AugmentedImages.Real));
        Assert.NotEqual(first, Augment(Key with { Phase = 2 }, AugmentedImages.Real));
        Assert.NotEqual(first, Augment(Key with { Seed = 4 }, AugmentedImages.Real));
        Assert.NotEqual(first, Augment(Key with { Branch = 1 }, AugmentedImages.Real));
    }

    [Fact]
    public void Apply_ImagesOfAShard_AreAugmentedDifferently()
    {
        using var scope = NewDisposeScope();
        var augmented = Augmenter.Apply(ones([2, 3, 16, 16]), All, 1, Key, AugmentedImages.Real);
        Assert.NotEqual(augmented[0].data<float>().ToArray(), augmented[1].data<float>().ToArray());
    }

    [Fact]
    public void Apply_GradientPenalty_PassesThroughTwice()
    {
        using var scope = NewDisposeScope();
        var images = Images().requires_grad_();
        var weight = Images().detach().requires_grad_();
        // D(x) = Σ w·x²: its gradient at the image is Aᵀ(2w·Ax), so the penalty's at w is 2·A(Aᵀ(2w·Ax))·2Ax.
        var augmented = Augmenter.Apply(images, All, 0.8, Key, AugmentedImages.Real);
        var gradient = autograd.grad([(weight * augmented.Squared()).sum()], [images], retain_graph: true, create_graph: true)[0];
        var penalty = autograd.grad([gradient.Squared().sum()], [weight])[0];

        var direction = Augmenter.Apply(gradient.detach(), All, 0.8, Key, AugmentedImages.Real) - Augmenter.Apply(zeros_like(images), All, 0.8, Key, AugmentedImages.Real);
        var expected = (4 * direction * augmented).detach();
        Assert.True((penalty - expected).abs().max().item<float>() < 1e-3 * expected.abs().max().item<float>());
    }

    private static float[] Augment(DrawKey key, AugmentedImages kind) => Augmenter.Apply(Images(), All, 1, key, kind).data<float>().ToArray();

    private static Tensor Images() => linspace(-1, 1, 2 * 3 * 16 * 16, ScalarType.Float32).view(2, 3, 16, 16).sin();
}
