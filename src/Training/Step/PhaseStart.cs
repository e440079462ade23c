using Atelier.Core.Schedules;

namespace Atelier.Training.Step;

/// <summary>What a phase takes of the state besides the networks, as it was when the phase began.</summary>
/// <param name="PathLengthMean">[1] the mean path length.</param>
/// <param name="Augmentation">What adaptive augmentation has come to.</param>
public readonly record struct PhaseStart(Tensor PathLengthMean, AugmentationState Augmentation);
