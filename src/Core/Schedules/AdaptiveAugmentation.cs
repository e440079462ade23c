namespace Atelier.Core.Schedules;

/// <summary>
/// Adaptive discriminator augmentation (Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data", §3):
/// r_t = E[sign(D(x))] over real images says how far the discriminator overfits; every few iterations p takes a fixed step
/// towards where r_t meets its target.
/// </summary>
/// <param name="Target">The r_t that is aimed at.</param>
/// <param name="Kimg">Thousands of images in which p can go from 0 to 1.</param>
/// <param name="Interval">Iterations between two steps of p.</param>
/// <remarks>Deviation: p stays at 1 or below; the published code bounds it from below alone.</remarks>
public sealed record AdaptiveAugmentation(double Target, double Kimg, int Interval)
{
    /// <summary>Whether p takes a step at the end of an iteration.</summary>
    /// <param name="finished">Iterations finished, this one included.</param>
    public bool IsDue(long finished) => finished % Interval == 0;

    /// <summary>Takes the step, and begins to add up signs anew.</summary>
    /// <param name="state">p and the signs since the last step. Signs that are no number leave p as it is.</param>
    /// <param name="batch">Images an iteration.</param>
    public AugmentationState Step(AugmentationState state, int batch)
    {
        double above = (state.SignSum / state.Images) - Target;
        double direction = double.IsNaN(above) ? 0 : Math.Sign(above);
        return new(Math.Clamp(state.P + (direction * batch * Interval / (Kimg * 1000)), 0, 1), 0, 0);
    }
}
