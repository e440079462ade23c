namespace Atelier.Core.Fleet.Generations;

/// <summary>Deadlines and thresholds of the generation protocol.</summary>
public sealed record GenerationSettings
{
    /// <summary>How long a worker may take from the order to halt until it stands still: one phase, and some.</summary>
    public TimeSpan HaltDeadline { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a worker may take to fetch the state and reach its peers.</summary>
    public TimeSpan PrepareDeadline { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a running generation may go without committing a phase.</summary>
    public TimeSpan ProgressDeadline { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long the last worker may take to save; then another one tries.</summary>
    public TimeSpan SaveDeadline { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A generation lasts at least this long before a join ends it, so that many joins cost few halts.</summary>
    public TimeSpan JoinPatience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>So many generations in a row a worker may end without anything being committed; then it is evicted.</summary>
    public int MostTroubles { get; init; } = 5;

    /// <summary>A re-balance has to promise a gain above this part of an iteration's time.</summary>
    public double RebalanceGain { get; init; } = 0.1;

    /// <summary>So often in a row a run goes back to a snapshot over copies that disagree; then it fails.</summary>
    public int MostReplays { get; init; } = 3;
}
