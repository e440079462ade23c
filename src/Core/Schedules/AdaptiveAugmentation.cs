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

    /// <summary>Takes the step, and restarts the sum of signs.</summary>
    /// <param name="state">p and the signs since the last step. If their mean is NaN, p stays as it is.</param>
    /// <param name="batch">Images per iteration.</param>
    public AugmentationState Step(AugmentationState state, int batch)
    {
        double above = (state.SignSum / state.Images) - Target;
        double direction = double.IsNaN(above) ? 0 : Math.Sign(above);
        return new(Math.Clamp(state.P + (direction * batch * Interval / (Kimg * 1000)), 0, 1), 0, 0);
    }
}

/// <summary>What adaptive augmentation carries from one iteration to the next.</summary>
/// <param name="P">Probability of each augmentation, in [0, 1].</param>
/// <param name="SignSum">Sum of sign(D(x)) over the real images seen since p was last adjusted.</param>
/// <param name="Images">Their number.</param>
public readonly record struct AugmentationState(double P, double SignSum, double Images)
{
    /// <summary>After real images whose signs add up to <paramref name="signSum"/>.</summary>
    public AugmentationState Saw(double signSum, int images) => this with { SignSum = SignSum + signSum, Images = Images + images };
}
