using Atelier.Core.Randomness;

namespace Atelier.Training.Augmentation;

/// <summary>
/// The random numbers of one image's augmentations. Every transformation has elements of its own in the shard's draw, so that
/// what one of them takes changes no other.
/// </summary>
/// <param name="uniform">The shard's uniform numbers.</param>
/// <param name="normal">The shard's normal numbers.</param>
/// <param name="image">The image within the shard.</param>
internal readonly struct AugmentationDraws(DrawKey uniform, DrawKey normal, int image)
{
    private const ulong ElementsOfAStep = 4;
    private const ulong StepsOfAnImage = 32;
    private const ulong Gate = 0;

    /// <summary>Whether a step applies.</summary>
    public bool Applies(AugmentationStep step, double probability) => ScalarDraws.Bernoulli(uniform, probability, Element(step, Gate));

    /// <summary>A uniform number in [0, 1) of a step; <paramref name="number"/> 0 or 1.</summary>
    public double Uniform(AugmentationStep step, int number = 0) => ScalarDraws.Uniform(uniform, Element(step, 1 + (ulong)number));

    /// <summary>A standard normal number of a step; <paramref name="number"/> 0 or 1.</summary>
    public double Normal(AugmentationStep step, int number = 0) => NormalDraws.At(normal, Element(step, (ulong)number));

    private ulong Element(AugmentationStep step, ulong number) => (((ulong)image * StepsOfAnImage) + (ulong)step) * ElementsOfAStep + number;
}
