namespace Atelier.Core.Fleet.Generations;

/// <summary>
/// Where a run's protocol stands. Idle → Gathering → Preparing → Running → Gathering; Gathering → Saving → Gathering;
/// Preparing → Gathering; Gathering → Idle. <see cref="GenerationPolicy"/> has the conditions.
/// </summary>
public enum GenerationStage
{
    /// <summary>Nobody works: there are too few workers, or nothing is to do.</summary>
    Idle,

    /// <summary>The former generation is ordered to halt; all who take part report what they hold.</summary>
    Gathering,

    /// <summary>The next generation is assigned; its members fetch the state and reach their peers.</summary>
    Preparing,

    /// <summary>All were ready and have been told to go.</summary>
    Running,

    /// <summary>One worker writes the state to the store, because those who hold it are about to leave.</summary>
    Saving,
}
