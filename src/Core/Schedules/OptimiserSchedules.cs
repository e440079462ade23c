using Atelier.Core.Randomness;

namespace Atelier.Core.Schedules;

/// <summary>Hyperparameters of one Adam step (Kingma and Ba 2015).</summary>
/// <param name="Beta1">Decay of the first moment, per step.</param>
/// <param name="Beta2">Decay of the second moment, per step.</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
public sealed record AdamHyper(double LearningRate, double Beta1, double Beta2, double Epsilon);

/// <summary>
/// Lazy regularisation (Karras et al. 2020, §3.1 and appendix B): the regulariser runs in a pass of its own every k-th
/// iteration, its loss times k. An optimiser then takes k + 1 steps where it took k, and c = k/(k+1) makes up for it.
/// c stays as it is when the regulariser's weight is 0 and its pass is skipped, as in the published code.
/// </summary>
/// <param name="Interval">k, at least 1; null when the regulariser runs within the main pass.</param>
public readonly record struct LazyRegularisation(int? Interval)
{
    /// <summary>c = k/(k+1); 1 when not lazy.</summary>
    public double Ratio => Interval is { } k ? k / (k + 1.0) : 1;

    /// <summary>The hyperparameters that make up for the additional steps: lr·c, β₁^c, β₂^c.</summary>
    public AdamHyper Adjust(AdamHyper hyper)
    {
        ArgumentNullException.ThrowIfNull(hyper);
        return hyper with
        {
            LearningRate = hyper.LearningRate * Ratio,
            Beta1 = Interval is null ? hyper.Beta1 : DeterministicMath.Pow(hyper.Beta1, Ratio),
            Beta2 = Interval is null ? hyper.Beta2 : DeterministicMath.Pow(hyper.Beta2, Ratio),
        };
    }
}

/// <summary>The moving average of the generator's weights, updated once per iteration with a half-life in images.</summary>
public static class EmaSchedule
{
    /// <summary>
    /// β = 0.5^(batch / max(min(half-life, images · ramp-up), 1e-8)): weights ← lerp(current, average, β). Published
    /// training loop; early in a run the ramp-up makes the average follow quickly.
    /// </summary>
    /// <param name="batch">Images in the iteration.</param>
    /// <param name="imagesBefore">Image count before the iteration.</param>
    /// <param name="halfLifeKimg">Half-life in thousands of images (`ema-kimg`).</param>
    /// <param name="rampUp">Largest half-life as a part of the images shown (`ema-rampup`); null for none.</param>
    public static double Beta(int batch, ImageCount imagesBefore, double halfLifeKimg, double? rampUp)
    {
        var halfLife = halfLifeKimg * 1000;
        if (rampUp is { } ramp) halfLife = Math.Min(halfLife, imagesBefore.Images * ramp);
        return DeterministicMath.Exp2(-batch / Math.Max(halfLife, 1e-8));
    }
}
