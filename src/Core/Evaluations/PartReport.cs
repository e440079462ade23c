namespace Atelier.Core.Evaluations;

/// <summary>What a worker tells of a part.</summary>
/// <param name="Id">The evaluation.</param>
/// <param name="Part">The part.</param>
/// <param name="Worker">The worker's name.</param>
/// <param name="Incarnation">Its process.</param>
/// <param name="Samples">Samples done.</param>
/// <param name="News">What became of it.</param>
/// <param name="Text">For <see cref="PartNews.Failed"/> why; for <see cref="PartNews.Done"/> of the result, its line.</param>
public sealed record PartReport(EvaluationId Id, EvaluationPart Part, string Worker, long Incarnation, int Samples, PartNews News, string Text = "");

/// <summary>What became of a part.</summary>
public enum PartNews
{
    /// <summary>It is on its way.</summary>
    Progress,

    /// <summary>What it leaves is in the store.</summary>
    Done,

    /// <summary>The statistics of the real images are in the store already: no part of that side is needed.</summary>
    SideKnown,

    /// <summary>The worker has other work.</summary>
    Declined,

    /// <summary>The worker cannot do it.</summary>
    Failed,
}
