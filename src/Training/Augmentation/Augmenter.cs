using Atelier.Core.Randomness;
using Atelier.Training.Ops;
using Atelier.Training.Randomness;

namespace Atelier.Training.Augmentation;

/// <summary>Augments a shard's images in front of the discriminator, each in its own way. Differentiable any number of times.</summary>
public static class Augmenter
{
    /// <summary>The augmented images.</summary>
    /// <param name="images">[N, C, H, W] in [-1, 1], C = 1 or 3.</param>
    /// <param name="transforms">The augmentations that may be made.</param>
    /// <param name="p">Probability of each, in [0, 1]; 0 leaves the images as they are.</param>
    /// <param name="draws">What keys the random numbers of the shard's phase; purpose and layer are filled in.</param>
    /// <param name="kind">Real and generated images have different ones.</param>
    public static Tensor Apply(Tensor images, AugmentationTransforms transforms, double p, DrawKey draws, AugmentedImages kind)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (p <= 0)
            return images;
        int count = (int)images.shape[0], channels = (int)images.shape[1], height = (int)images.shape[2], width = (int)images.shape[3];
        DrawKey Key(int layer) => draws with { Purpose = DrawPurpose.Augmentation, Layer = (int)kind + layer };
        var rows = new double[count * AugmentOp.ParameterCount];
        bool isNoisy = false;
        for (int image = 0; image < count; image++)
        {
            var augmentation = ImageAugmentation.Draw(transforms, p, new AugmentationDraws(Key(0), Key(1), image), channels, width, height);
            augmentation.Write(rows.AsSpan(image * AugmentOp.ParameterCount, AugmentOp.ParameterCount));
            isNoisy |= augmentation.NoiseDeviation > 0;
        }
        return AugmentOp.Apply(images, rows, isNoisy ? KeyedDraws.Normal(Key(2), images.shape, images.dtype, images.device) : null);
    }
}
