using Atelier.Core.Metrics;

namespace Atelier.Core.Evaluations;

/// <summary>Which metric of which snapshot.</summary>
/// <param name="Snapshot">The snapshot's name in the run's store.</param>
public sealed record EvaluationId(string Run, string Snapshot, string Metric)
{
    public override string ToString() => $"{Metric} of {Run} at {Snapshot}";
}

/// <summary>What a part of an evaluation is about.</summary>
public enum EvaluationSide
{
    /// <summary>Samples of the generator.</summary>
    Generated,

    /// <summary>Images of the dataset.</summary>
    Real,

    /// <summary>The value, from what the other parts left.</summary>
    Result,
}

/// <summary>What one worker is given to do at a time.</summary>
/// <param name="First">Index of its first sample; 0 for the result.</param>
/// <param name="Count">Samples; 0 for the result.</param>
public sealed record EvaluationPart(EvaluationSide Side, int First, int Count)
{
    /// <summary>
    /// Samples in a part: whole ranges of <see cref="SampleRange"/>, so that parts decide no bit; few, so that little is lost
    /// with a worker, and that what one worker waits for at the end is short.
    /// </summary>
    public const int Size = 2 * SampleRange.Size;

    public static EvaluationPart Result { get; } = new(EvaluationSide.Result, 0, 0);

    public SampleRange Range => new(First, Count);

    public static int StartOf(int sample) => sample / Size * Size;

    /// <summary>All parts of an evaluation, the result last.</summary>
    /// <param name="realImages">Real images that are compared with; 0 for none.</param>
    public static IReadOnlyList<EvaluationPart> All(int samples, int realImages) =>
        [.. Cut(EvaluationSide.Real, realImages), .. Cut(EvaluationSide.Generated, samples), Result];

    public override string ToString() => Side == EvaluationSide.Result ? "the result" : $"{Side.ToString().ToLowerInvariant()} {First} to {First + Count - 1}";

    private static IEnumerable<EvaluationPart> Cut(EvaluationSide side, int samples) =>
        new SampleRange(0, samples).Pieces(Size).Select(piece => new EvaluationPart(side, piece.Start, piece.Count));
}

/// <param name="IsDone">Whether what it leaves is in the store.</param>
/// <param name="Holder">Who was given it; null for nobody.</param>
/// <param name="Refused">Workers that failed at it.</param>
public sealed record PartState(EvaluationPart Part, bool IsDone, PartHolder? Holder, IReadOnlyList<string> Refused)
{
    /// <summary>A part that nobody has yet.</summary>
    public static PartState Open(EvaluationPart part) => new(part, false, null, []);
}

/// <param name="HeardAt">When it was given the part, or last reported progress.</param>
/// <param name="Samples">Samples that it has reported as done.</param>
public sealed record PartHolder(string Worker, long Incarnation, DateTimeOffset HeardAt, int Samples);

/// <summary>An evaluation on its way.</summary>
/// <param name="Parts">Its parts, the result last.</param>
/// <param name="LastError">Error of the last failure of a worker; null for none.</param>
/// <param name="Outcome">How it ended; null while it is on its way.</param>
public sealed record EvaluationState(EvaluationId Id, DateTimeOffset RequestedAt, IReadOnlyList<PartState> Parts, string? LastError, EvaluationOutcome? Outcome)
{
    /// <param name="realImages">Real images that are compared with; 0 for none.</param>
    public static EvaluationState New(EvaluationId id, int samples, int realImages, DateTimeOffset now) =>
        new(id, now, [.. EvaluationPart.All(samples, realImages).Select(PartState.Open)], null, null);

    /// <summary>The span that it belongs to, as a `traceparent`; empty for none.</summary>
    public string Trace { get; init; } = "";

    public int Samples => Parts.Sum(part => part.Part.Count);

    public int SamplesDone => Parts.Sum(part => part.IsDone ? part.Part.Count : part.Holder?.Samples ?? 0);

    /// <summary>Whether everything that the result is made of is there.</summary>
    public bool IsReady => Parts.All(part => part.IsDone || part.Part.Side == EvaluationSide.Result);

    internal EvaluationState With(PartState changed) => this with { Parts = [.. Parts.Select(part => part.Part == changed.Part ? changed : part)] };
}

/// <param name="ResultJson">The line of <c>metric-NAME.jsonl</c>; null where there is none.</param>
/// <param name="Failure">Why there is no value; null where there is one.</param>
public sealed record EvaluationOutcome(string? ResultJson, string? Failure);
