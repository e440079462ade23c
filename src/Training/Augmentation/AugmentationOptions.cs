using Atelier.Core.Schedules;

namespace Atelier.Training.Augmentation;

/// <summary>How a run augments what its discriminator sees.</summary>
/// <param name="Transforms">The augmentations that are made.</param>
/// <param name="FixedP">Their probability where it never changes; null for the adapted one.</param>
/// <param name="Adaptive">How the probability is adapted; null where it is fixed.</param>
public sealed record AugmentationOptions(AugmentationTransforms Transforms, double? FixedP = null, AdaptiveAugmentation? Adaptive = null)
{
    /// <summary>The probability in force.</summary>
    /// <param name="adapted">What adaptation has come to.</param>
    public double Probability(double adapted) => FixedP ?? adapted;
}
