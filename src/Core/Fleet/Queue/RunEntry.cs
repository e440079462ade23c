namespace Atelier.Core.Fleet.Queue;

/// <summary>A run in the queue.</summary>
/// <param name="Run">Its name.</param>
/// <param name="Priority">Higher ones are served first.</param>
/// <param name="Order">Of equal priorities the lower one is served first: rises with every submission.</param>
/// <param name="MinWorkers">With fewer it waits; at least 1.</param>
/// <param name="MaxWorkers">More it cannot use; at least the minimum.</param>
/// <param name="Intent">What people want of it.</param>
/// <param name="Status">Where it stands.</param>
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
    /// <param name="reason">Why, for a failed run.</param>
    /// <exception cref="InvalidOperationException">The table has no such transition.</exception>
    public RunEntry Become(RunStatus status, string? reason = null)
    {
        if (status == Status) return this;
        if (!RunLifecycle.From(Status).Contains(status)) throw new InvalidOperationException($"Run {Run} cannot go from {Status} to {status}.");
        return this with { Status = status, Reason = reason };
    }

    /// <summary>The run in another state, by as many transitions of the table as it takes: what lies between was too short to be seen.</summary>
    /// <param name="status">The state.</param>
    /// <param name="reason">Why, for a failed run.</param>
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
