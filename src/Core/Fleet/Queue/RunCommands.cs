namespace Atelier.Core.Fleet.Queue;

/// <summary>What people ask of the queue. Each command gives the new queue, or says why not.</summary>
public static class RunCommands
{
    /// <param name="numerics">Digest of the numerics that it began with elsewhere; null for a new run.</param>
    /// <exception cref="RunExistsException">The name is taken.</exception>
    /// <exception cref="UserErrorException">The numbers make no sense.</exception>
    public static RunQueueState Submit(
        RunQueueState queue, RunId run, int priority, int minWorkers, int maxWorkers, int shards, string? numerics = null)
    {
        ArgumentNullException.ThrowIfNull(queue);
        if (queue.Runs.Any(entry => entry.Run == run))
            throw new RunExistsException($"a run named {run} already exists; choose another name, or continue that one with `atelier resume {run}`");
        if (minWorkers < 1 || maxWorkers < minWorkers)
            throw new UserErrorException($"run {run} asks for {minWorkers} to {maxWorkers} workers; the minimum must be at least 1, and the maximum not below the minimum");
        if (maxWorkers > shards)
            throw new UserErrorException(
                $"run {run} asks for up to {maxWorkers} workers, but its minibatch has {shards} shards; use {shards} workers or fewer, or a smaller `shard`");
        return new(
            [.. queue.Runs, new RunEntry(run, priority, queue.NextOrder, minWorkers, maxWorkers, Numerics: numerics)],
            queue.NextOrder + 1);
    }

    /// <summary>Lets a run finish its iteration, save and stand still. Pausing a paused run changes nothing.</summary>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    /// <exception cref="RunStateException">It has ended.</exception>
    public static RunQueueState Pause(RunQueueState queue, RunId run)
    {
        ArgumentNullException.ThrowIfNull(queue);
        var entry = queue.Get(run);
        return entry.Status switch
        {
            RunStatus.Paused => queue,
            RunStatus.Queued => queue.With(entry.Become(RunStatus.Paused) with { Intent = RunIntent.Pause }),
            RunStatus.Forming or RunStatus.Running => queue.With(entry.Become(RunStatus.Halting) with { Intent = RunIntent.Pause }),
            RunStatus.Halting when entry.Intent is not (RunIntent.Cancel or RunIntent.Discard) => queue.With(entry with { Intent = RunIntent.Pause }),
            _ => throw Refused(entry, "paused"),
        };
    }

    /// <summary>Lets a run go on that was paused, has failed, or has finished and got a higher target.</summary>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    /// <exception cref="RunStateException">It was cancelled.</exception>
    public static RunQueueState Resume(RunQueueState queue, RunId run)
    {
        ArgumentNullException.ThrowIfNull(queue);
        var entry = queue.Get(run);
        return entry.Status switch
        {
            RunStatus.Queued or RunStatus.Forming or RunStatus.Running => queue,
            RunStatus.Halting when entry.Intent is not (RunIntent.Cancel or RunIntent.Discard) => queue.With(entry.Become(RunStatus.Forming) with { Intent = RunIntent.Run }),
            RunStatus.Paused or RunStatus.Failed or RunStatus.Finished => queue.With(entry.Become(RunStatus.Queued) with { Intent = RunIntent.Run }),
            _ => throw Refused(entry, "resumed"),
        };
    }

    /// <summary>Ends a run for good; its snapshots stay.</summary>
    /// <param name="discards">Whether what came after the last snapshot is given up instead of saved.</param>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    /// <exception cref="RunStateException">It has finished.</exception>
    public static RunQueueState Cancel(RunQueueState queue, RunId run, bool discards)
    {
        ArgumentNullException.ThrowIfNull(queue);
        var entry = queue.Get(run);
        var intent = discards ? RunIntent.Discard : RunIntent.Cancel;
        return entry.Status switch
        {
            RunStatus.Cancelled => queue,
            RunStatus.Queued or RunStatus.Paused or RunStatus.Failed => queue.With(entry.Become(RunStatus.Cancelled) with { Intent = intent }),
            RunStatus.Forming or RunStatus.Running => queue.With(entry.Become(RunStatus.Halting) with { Intent = intent }),
            RunStatus.Halting => queue.With(entry with { Intent = intent }),
            _ => throw Refused(entry, "cancelled"),
        };
    }

    /// <summary>Takes an ended run out of the queue.</summary>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    /// <exception cref="RunStateException">It has not ended.</exception>
    public static RunQueueState Delete(RunQueueState queue, RunId run)
    {
        ArgumentNullException.ThrowIfNull(queue);
        var entry = queue.Get(run);
        return RunLifecycle.HasEnded(entry.Status)
            ? queue with { Runs = [.. queue.Runs.Where(other => other.Run != run)] }
            : throw new RunStateException($"run {run} is {RunLifecycle.NameOf(entry.Status)} and cannot be deleted; end it first with `atelier cancel {run}`");
    }

    private static RunStateException Refused(RunEntry entry, string what) =>
        new($"run {entry.Run} is {RunLifecycle.NameOf(entry.Status)} and cannot be {what}");
}
