using Atelier.Core.Randomness;
using Atelier.Training.Networks;

namespace Atelier.Training.Randomness;

/// <summary>
/// Every random draw of one shard in one phase of one iteration. A draw is a function of what it is for, not of what
/// was drawn before (docs/decisions/0004-randomness.md); reference tests supply recorded values instead.
/// </summary>
public interface IShardDraws
{
    /// <summary>z of the shard's images, [count, latentSize].</summary>
    Tensor Latents(int count);

    /// <summary>Labels of the generated images, [count, labelSize], or null for an unconditional network.</summary>
    Tensor? Labels(int count);

    /// <summary>From which style on a second latent takes over (style mixing), or null for not at all.</summary>
    int? MixingCutoff(int styleCount);

    /// <summary>The second latents, [count, latentSize].</summary>
    Tensor SecondLatents(int count);

    /// <summary>The image-shaped noise of the path-length penalty, standard normal, [count, 3, H, W].</summary>
    Tensor PathNoise(long[] shape);

    /// <summary>What keys the augmentations of the shard's images.</summary>
    DrawKey Augmentation { get; }

    /// <summary>What the synthesis layers add.</summary>
    NoiseInput Noise { get; }
}
