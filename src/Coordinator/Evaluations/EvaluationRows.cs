using Orleans;

namespace Atelier.Coordinator.Evaluations;

// What goes between the evaluations' grain and those who call it.

/// <summary>Which metric of which snapshot.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="Snapshot">The snapshot's name.</param>
/// <param name="Metric">The metric's name.</param>
[GenerateSerializer, Immutable]
public sealed record EvaluationKey(string Run, string Snapshot, string Metric);

/// <summary>A metric to be measured.</summary>
/// <param name="Key">Which one.</param>
/// <param name="Samples">Generated samples.</param>
/// <param name="RealImages">Real images that are compared with; 0 for none.</param>
[GenerateSerializer]
public sealed record EvaluationRequest(EvaluationKey Key, int Samples, int RealImages);

/// <summary>A worker's word about a part.</summary>
/// <param name="Key">The evaluation.</param>
/// <param name="Side">What the part is about, by name.</param>
/// <param name="First">Its first sample.</param>
/// <param name="Count">Its samples.</param>
/// <param name="Worker">Whose word.</param>
/// <param name="Incarnation">Its process.</param>
/// <param name="Samples">Samples done.</param>
/// <param name="News">What became of it, by name.</param>
/// <param name="Text">Why it failed, or the result's line.</param>
[GenerateSerializer]
public sealed record PartNote(EvaluationKey Key, string Side, int First, int Count, string Worker, long Incarnation, int Samples, string News, string Text);

/// <summary>An evaluation that has ended.</summary>
/// <param name="Key">Which one.</param>
/// <param name="Line">The line of <c>metric-NAME.jsonl</c>; empty where there is no value.</param>
/// <param name="Failure">Why there is none; empty where there is one.</param>
[GenerateSerializer, Immutable]
public sealed record EvaluationResult(EvaluationKey Key, string Line, string Failure);

/// <summary>How far an evaluation is.</summary>
/// <param name="Key">Which one.</param>
/// <param name="SamplesDone">Samples done.</param>
/// <param name="Samples">Samples in all.</param>
[GenerateSerializer, Immutable]
public sealed record EvaluationRow(EvaluationKey Key, int SamplesDone, int Samples);
