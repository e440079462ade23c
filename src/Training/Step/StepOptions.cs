using Atelier.Core.Schedules;

namespace Atelier.Training.Step;

/// <summary>What a training step needs of a run's spec.</summary>
/// <param name="Batch">Real images an iteration.</param>
/// <param name="Phases">The run's phases, in order.</param>
/// <param name="Losses">The losses' weights.</param>
/// <param name="GeneratorAdam">Adam for G, as lazy regularisation adjusts it.</param>
/// <param name="DiscriminatorAdam">Adam for D, as lazy regularisation adjusts it.</param>
/// <param name="EmaKimg">Half-life of G_ema, in thousands of images.</param>
/// <param name="EmaRampup">Bounds the half-life to this share of the images shown so far; null for no bound.</param>
/// <param name="MeanStyleDecay">The mean of w moves by 1 − this towards each batch's mean.</param>
public sealed record StepOptions(
    int Batch, IReadOnlyList<Phase> Phases, LossOptions Losses, AdamHyper GeneratorAdam, AdamHyper DiscriminatorAdam, double EmaKimg, double? EmaRampup,
    double MeanStyleDecay = 0.995);
