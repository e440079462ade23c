namespace Atelier.Core.Evaluations;

/// <summary>Which metric of which snapshot.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="Snapshot">The snapshot's name in the run's store.</param>
/// <param name="Metric">The metric's name.</param>
public sealed record EvaluationId(string Run, string Snapshot, string Metric)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Metric} of {Run} at {Snapshot}";
}
