namespace Atelier.Core.Schedules;

/// <summary>What adaptive augmentation carries from one iteration to the next.</summary>
/// <param name="P">Probability of each augmentation, in [0, 1].</param>
/// <param name="SignSum">Sum of sign(D(x)) over the real images seen since p was last adjusted.</param>
/// <param name="Images">Their number.</param>
public readonly record struct AugmentationState(double P, double SignSum, double Images)
{
    /// <summary>After real images whose signs add up to <paramref name="signSum"/>.</summary>
    public AugmentationState Saw(double signSum, int images) => this with { SignSum = SignSum + signSum, Images = Images + images };
}
