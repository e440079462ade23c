namespace Atelier.Core.Fleet.Queue;

/// <summary>The transitions of a run. What is not in the table does not happen.</summary>
/// <remarks>
/// <code>
/// from       to
/// Queued     Forming (workers), Paused (pause), Cancelled (cancel)
/// Forming    Running (go), Queued (too few workers), Halting (pause, cancel), Finished, Failed
/// Running    Forming (the generation ended), Queued (too few workers), Halting (pause, cancel, last iteration), Finished, Failed
/// Halting    Paused, Finished, Cancelled, Failed; Forming or Queued (resumed before it stood still)
/// Paused     Queued (resume), Cancelled (cancel)
/// Finished   Queued (resume with a higher target)
/// Failed     Queued (resume), Cancelled (cancel)
/// Cancelled  –
/// </code>
/// </remarks>
public static class RunLifecycle
{
    /// <summary>The states that may follow a state.</summary>
    /// <param name="from">The state.</param>
    /// <exception cref="ArgumentOutOfRangeException">The state is unknown.</exception>
    public static IReadOnlyList<RunStatus> From(RunStatus from) => from switch
    {
        RunStatus.Queued => [RunStatus.Forming, RunStatus.Paused, RunStatus.Cancelled],
        RunStatus.Forming => [RunStatus.Running, RunStatus.Queued, RunStatus.Halting, RunStatus.Finished, RunStatus.Failed],
        RunStatus.Running => [RunStatus.Forming, RunStatus.Queued, RunStatus.Halting, RunStatus.Finished, RunStatus.Failed],
        RunStatus.Halting =>
            [RunStatus.Paused, RunStatus.Finished, RunStatus.Cancelled, RunStatus.Failed, RunStatus.Forming, RunStatus.Queued],
        RunStatus.Paused => [RunStatus.Queued, RunStatus.Cancelled],
        RunStatus.Finished => [RunStatus.Queued],
        RunStatus.Failed => [RunStatus.Queued, RunStatus.Cancelled],
        RunStatus.Cancelled => [],
        _ => throw new ArgumentOutOfRangeException(nameof(from), from, "Unknown state of a run."),
    };

    /// <summary>Whether a run in this state may be given workers.</summary>
    /// <param name="status">The state.</param>
    public static bool WantsWorkers(RunStatus status) => status is RunStatus.Queued or RunStatus.Forming or RunStatus.Running;

    /// <summary>Whether a run in this state does nothing until a person says something.</summary>
    /// <param name="status">The state.</param>
    public static bool StandsStill(RunStatus status) =>
        status is RunStatus.Paused or RunStatus.Finished or RunStatus.Failed or RunStatus.Cancelled;
}
