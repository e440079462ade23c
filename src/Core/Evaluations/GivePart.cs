namespace Atelier.Core.Evaluations;

/// <summary>Tell a worker to do a part.</summary>
/// <param name="Worker">The worker's name.</param>
/// <param name="Id">The evaluation.</param>
/// <param name="Part">The part.</param>
public sealed record GivePart(string Worker, EvaluationId Id, EvaluationPart Part);

/// <summary>What was decided about all evaluations.</summary>
/// <param name="Evaluations">As they are now.</param>
/// <param name="Orders">Whom to tell what.</param>
public sealed record EvaluationDecision(IReadOnlyList<EvaluationState> Evaluations, IReadOnlyList<GivePart> Orders);
