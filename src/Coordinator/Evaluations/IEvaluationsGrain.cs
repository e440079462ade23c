using Orleans;

namespace Atelier.Coordinator.Evaluations;

/// <summary>
/// The evaluations of all runs: who computes which part. One grain (key 0), so that a free worker is given one thing at a
/// time; it asks the fleet's grain and tells workers.
/// </summary>
public interface IEvaluationsGrain : IGrainWithIntegerKey
{
    /// <summary>Asks for metrics of a snapshot; what is on its way or known already stays as it is.</summary>
    Task RequestAsync(List<EvaluationRequest> requests);

    /// <summary>A worker's word about a part.</summary>
    /// <returns>False where nobody waits for it any more.</returns>
    Task<bool> ReportAsync(PartNote note);

    /// <summary>Decides what is to be done now.</summary>
    /// <returns>Evaluations that have ended and are not acknowledged.</returns>
    Task<List<EvaluationResult>> PulseAsync();

    /// <summary>The run knows how an evaluation ended.</summary>
    Task AcknowledgeAsync(EvaluationKey key);

    /// <summary>A run needs these evaluations no more.</summary>
    Task DropAsync(List<EvaluationKey> keys);

    /// <summary>A run's evaluations that have not been acknowledged, oldest first.</summary>
    Task<List<EvaluationRow>> ListAsync(string run);
}
