namespace Atelier.Core.Fleet.Queue;

/// <summary>All runs, in the order of submission.</summary>
/// <param name="NextOrder">The order number of the next submission.</param>
public sealed record RunQueueState(IReadOnlyList<RunEntry> Runs, long NextOrder)
{
    public static RunQueueState Empty { get; } = new([], 0);

    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    public RunEntry Get(RunId run) =>
        Runs.FirstOrDefault(entry => entry.Run == run) ?? throw RunNotFoundException.Of(run.Value);

    public RunQueueState With(RunEntry changed)
    {
        ArgumentNullException.ThrowIfNull(changed);
        return this with { Runs = [.. Runs.Select(entry => entry.Run == changed.Run ? changed : entry)] };
    }
}

/// <summary>A run in the queue.</summary>
/// <param name="Priority">Higher ones are served first.</param>
/// <param name="Order">Of equal priorities the lower one is served first: rises with every submission.</param>
/// <param name="MinWorkers">With fewer it waits; at least 1.</param>
/// <param name="MaxWorkers">More it cannot use; at least the minimum.</param>
/// <param name="Numerics">Digest of the numerics fingerprint that its workers need; null until its first workers set it.</param>
/// <param name="Reason">Why it failed; null otherwise.</param>
public sealed record RunEntry(
    RunId Run,
    int Priority,
    long Order,
    int MinWorkers,
    int MaxWorkers,
    RunIntent Intent = RunIntent.Run,
    RunStatus Status = RunStatus.Queued,
    string? Numerics = null,
    string? Reason = null)
{
    /// <summary>The run in another state, by the transition table.</summary>
    /// <param name="status">The state; the present one changes nothing.</param>
    /// <exception cref="InvalidOperationException">The table has no such transition.</exception>
    public RunEntry Become(RunStatus status, string? reason = null)
    {
        if (status == Status) return this;
        if (!RunLifecycle.From(Status).Contains(status)) throw new InvalidOperationException($"Run {Run} cannot go from {Status} to {status}.");
        return this with { Status = status, Reason = reason };
    }

    /// <summary>The run in another state, by as many transitions of the table as it takes: what lies between was too short to be seen.</summary>
    /// <exception cref="InvalidOperationException">No transitions lead there.</exception>
    public RunEntry Reach(RunStatus status, string? reason = null)
    {
        var paths = new Queue<RunEntry>([this]);
        var seen = new HashSet<RunStatus> { Status };
        while (paths.TryDequeue(out var entry))
        {
            if (entry.Status == status) return entry with { Reason = reason };
            foreach (var next in RunLifecycle.From(entry.Status).Where(seen.Add)) paths.Enqueue(entry.Become(next));
        }

        throw new InvalidOperationException($"Run {Run} cannot get from {Status} to {status}.");
    }
}

/// <summary>What people want of a run.</summary>
public enum RunIntent
{
    /// <summary>To train.</summary>
    Run,

    /// <summary>To stand still, with everything saved.</summary>
    Pause,

    /// <summary>To end, with everything saved.</summary>
    Cancel,

    /// <summary>To end, keeping the snapshots that there are, without what came after them.</summary>
    Discard,
}

/// <summary>The states of a run; <see cref="RunLifecycle"/> has the transitions.</summary>
public enum RunStatus
{
    Queued,

    /// <summary>It has workers, which prepare the next generation.</summary>
    Forming,
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
    public static bool WantsWorkers(RunStatus status) => status is RunStatus.Queued or RunStatus.Forming or RunStatus.Running;

    /// <summary>Whether a run in this state has come to an end, good or bad; only a person lets it go on.</summary>
    public static bool HasEnded(RunStatus status) => status is RunStatus.Finished or RunStatus.Failed or RunStatus.Cancelled;

    /// <summary>The state's name in messages.</summary>
    public static string NameOf(RunStatus status) => status.ToString().ToLowerInvariant();

    /// <summary>Whether a run in this state does nothing until a person says something.</summary>
    public static bool StandsStill(RunStatus status) =>
        status is RunStatus.Paused or RunStatus.Finished or RunStatus.Failed or RunStatus.Cancelled;
}
