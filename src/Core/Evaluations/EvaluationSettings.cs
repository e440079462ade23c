namespace Atelier.Core.Evaluations;

/// <summary>Deadlines of evaluations.</summary>
public sealed record EvaluationSettings
{
    /// <summary>How long a free worker may tell nothing of a part; then another one gets it.</summary>
    public TimeSpan PartDeadline { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a worker may tell nothing of a part before it is told of it again: the first order may be lost.</summary>
    public TimeSpan TellAgain { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an evaluation may take in all.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromDays(1);

    /// <summary>So many workers may fail at a part; then the evaluation fails.</summary>
    public int MostRefusals { get; init; } = 3;
}
