namespace Atelier.Core.Evaluations;

/// <summary>A live worker, as evaluations see it.</summary>
/// <param name="Worker">Its name.</param>
/// <param name="Incarnation">Its process.</param>
/// <param name="Numerics">Digest of its numerics fingerprint.</param>
/// <param name="Run">The run that it trains; null for one that is free.</param>
public sealed record EvaluationWorker(string Worker, long Incarnation, string Numerics, string? Run);
