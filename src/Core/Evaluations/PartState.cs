namespace Atelier.Core.Evaluations;

/// <summary>How far a part is.</summary>
/// <param name="Part">The part.</param>
/// <param name="IsDone">Whether what it leaves is in the store.</param>
/// <param name="Holder">Who was given it; null for nobody.</param>
/// <param name="Refused">Workers that failed at it.</param>
public sealed record PartState(EvaluationPart Part, bool IsDone, PartHolder? Holder, IReadOnlyList<string> Refused)
{
    /// <summary>A part that nobody has yet.</summary>
    public static PartState Open(EvaluationPart part) => new(part, false, null, []);
}

/// <summary>Who has a part.</summary>
/// <param name="Worker">The worker's name.</param>
/// <param name="Incarnation">Its process.</param>
/// <param name="HeardAt">When it was given the part, or last told of progress.</param>
/// <param name="Samples">Samples that it has told to be done.</param>
public sealed record PartHolder(string Worker, long Incarnation, DateTimeOffset HeardAt, int Samples);
