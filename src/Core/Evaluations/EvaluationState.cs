namespace Atelier.Core.Evaluations;

/// <summary>An evaluation on its way.</summary>
/// <param name="Id">Which one.</param>
/// <param name="RequestedAt">When it was asked for.</param>
/// <param name="Parts">Its parts, the result last.</param>
/// <param name="LastError">What a worker failed with last; null for nothing.</param>
/// <param name="Outcome">How it ended; null while it is on its way.</param>
public sealed record EvaluationState(EvaluationId Id, DateTimeOffset RequestedAt, IReadOnlyList<PartState> Parts, string? LastError, EvaluationOutcome? Outcome)
{
    /// <summary>A new one.</summary>
    /// <param name="id">Which one.</param>
    /// <param name="samples">Generated samples.</param>
    /// <param name="realImages">Real images that are compared with; 0 for none.</param>
    /// <param name="now">The time.</param>
    public static EvaluationState New(EvaluationId id, int samples, int realImages, DateTimeOffset now) =>
        new(id, now, [.. EvaluationPart.All(samples, realImages).Select(PartState.Open)], null, null);

    /// <summary>Samples of all parts.</summary>
    public int Samples => Parts.Sum(part => part.Part.Count);

    /// <summary>Samples that are done.</summary>
    public int SamplesDone => Parts.Sum(part => part.IsDone ? part.Part.Count : part.Holder?.Samples ?? 0);

    /// <summary>Whether everything that the result is made of is there.</summary>
    public bool IsReady => Parts.All(part => part.IsDone || part.Part.Side == EvaluationSide.Result);

    /// <summary>Changes one part.</summary>
    internal EvaluationState With(PartState changed) => this with { Parts = [.. Parts.Select(part => part.Part == changed.Part ? changed : part)] };
}

/// <summary>How an evaluation ended.</summary>
/// <param name="ResultJson">The line of <c>metric-NAME.jsonl</c>; null where there is none.</param>
/// <param name="Failure">Why there is no value; null where there is one.</param>
public sealed record EvaluationOutcome(string? ResultJson, string? Failure);
