using Atelier.Coordinator.Storage;
using Atelier.Core.Evaluations;

namespace Atelier.Coordinator.Evaluations;

/// <summary>What the evaluations' grain stores.</summary>
public sealed class EvaluationsGrainState : EpochState
{
    /// <summary>All that were asked for and are not acknowledged, oldest first.</summary>
    public List<EvaluationState> Evaluations { get; set; } = [];
}
