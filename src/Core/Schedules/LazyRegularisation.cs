namespace Atelier.Core.Schedules;

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
    /// <param name="hyper">The hyperparameters of training without lazy regularisation.</param>
    public AdamHyper Adjust(AdamHyper hyper)
    {
        ArgumentNullException.ThrowIfNull(hyper);
        return hyper with
        {
            LearningRate = hyper.LearningRate * Ratio,
            Beta1 = Math.Pow(hyper.Beta1, Ratio),
            Beta2 = Math.Pow(hyper.Beta2, Ratio),
        };
    }
}
