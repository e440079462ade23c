namespace Atelier.Core.Schedules;

/// <summary>Hyperparameters of one Adam step (Kingma and Ba 2015).</summary>
/// <param name="LearningRate">Step size.</param>
/// <param name="Beta1">Decay of the first moment, per step.</param>
/// <param name="Beta2">Decay of the second moment, per step.</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
public sealed record AdamHyper(double LearningRate, double Beta1, double Beta2, double Epsilon);
