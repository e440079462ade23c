namespace Atelier.Core.Fleet.Queue;

/// <summary>The states of a run; <see cref="RunLifecycle"/> has the transitions.</summary>
public enum RunStatus
{
    /// <summary>It waits for workers.</summary>
    Queued,

    /// <summary>It has workers, which prepare the next generation.</summary>
    Forming,

    /// <summary>Its workers train.</summary>
    Running,

    /// <summary>It was told to stop; its workers finish the iteration and save.</summary>
    Halting,

    /// <summary>It stands still with everything saved, until it is resumed.</summary>
    Paused,

    /// <summary>It has all its iterations. Resuming with a higher target lets it go on.</summary>
    Finished,

    /// <summary>It stopped for a reason that needs a person. Resuming tries again.</summary>
    Failed,

    /// <summary>It was given up for good.</summary>
    Cancelled,
}
