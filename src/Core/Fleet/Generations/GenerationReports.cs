namespace Atelier.Core.Fleet.Generations;

/// <summary>
/// Takes what is heard into a run's state. Everything may come late, twice or in another order; what is out of date changes
/// nothing. <see cref="GenerationPolicy.Decide"/> draws the consequences.
/// </summary>
public static class GenerationReports
{
    /// <summary>A worker's report about this run.</summary>
    public static GenerationState Observe(GenerationState state, WorkerReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return Observe(state, [report]);
    }

    /// <summary>Reports about this run, as if they were observed one after the other; a thousand cost little more than one.</summary>
    /// <param name="reports">The reports, in the order in which they came.</param>
    public static GenerationState Observe(GenerationState state, IReadOnlyCollection<WorkerReport> reports)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(reports);
        var newest = state.Reports.ToList();
        var places = new Dictionary<WorkerId, int>(newest.Count);
        for (var place = 0; place < newest.Count; place++) places.TryAdd(newest[place].Worker, place);
        var replaced = new HashSet<WorkerId>();
        var isNews = false;
        foreach (var report in reports)
        {
            if (!places.TryGetValue(report.Worker, out var place))
            {
                places[report.Worker] = newest.Count;
                newest.Add(report);
            }
            else if (!report.IsOlderThan(newest[place]))
            {
                // The process that was held is gone; its successor joins anew, with every deadline of its own.
                if (report.Incarnation > newest[place].Incarnation) replaced.Add(report.Worker);
                newest[place] = report;
            }
            else
            {
                continue;
            }

            isNews = true;
        }

        if (!isNews) return state;
        return state with { Reports = newest, Held = replaced.Count > 0 ? [.. state.Held.Where(worker => !replaced.Contains(worker))] : state.Held };
    }

    /// <summary>A worker that the run does not hold could not get ready for it: the run does without it for a while.</summary>
    public static GenerationState CannotWarmUp(GenerationState state, WorkerId worker, long incarnation, string text, GenerationSettings settings, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(settings);
        var former = state.Troubles.FirstOrDefault(trouble => trouble.Worker == worker && trouble.Incarnation == incarnation);
        // It is told with every renewal.
        if (former is not null && now < former.Until) return state;
        var count = (former?.Generations ?? 0) + 1;
        return state with { Troubles = [.. state.Troubles.Where(trouble => trouble != former), new(worker, incarnation, text, count, now + settings.PauseAfter(count + 1), count)] };
    }

    /// <summary>A digest to compare. One from another lineage, or of a state that was agreed on, is out of date.</summary>
    public static GenerationState Observe(GenerationState state, CheckReport check)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(check);
        var outOfDate = check.Version.Lineage != state.Lineage || (check.Shard is null && check.Version.Position <= state.Agreed);
        var known = state.Checks.Any(other => other.Worker == check.Worker && other.Version == check.Version && other.Shard == check.Shard);
        return outOfDate || known ? state : state with { Checks = [.. state.Checks, check] };
    }

    /// <summary>A snapshot was committed.</summary>
    /// <param name="version">Its state; one from a lineage that was given up is of no use.</param>
    public static GenerationState SnapshotCommitted(GenerationState state, StateVersion version)
    {
        ArgumentNullException.ThrowIfNull(state);
        return version.Lineage != state.Lineage || state.Snapshots.Contains(version.Position)
            ? state
            : state with { Snapshots = [.. state.Snapshots.Append(version.Position).Order()] };
    }

    /// <summary>A snapshot was deleted, or cannot be read.</summary>
    public static GenerationState SnapshotLost(GenerationState state, Position position)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state with { Snapshots = [.. state.Snapshots.Where(other => other != position)] };
    }

    /// <summary>The worker that was ordered to save could not: the next pass asks another one.</summary>
    public static GenerationState SaveFailed(GenerationState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state with { SaveAttempts = state.SaveAttempts + 1 };
    }

    /// <summary>The run cannot go on, whoever works on it: its workers are released with nothing saved, until a person resumes it.</summary>
    public static GenerationState Failed(GenerationState state, string reason)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Failure is null ? state with { Failure = reason } : state;
    }

    /// <summary>The run goes back to a snapshot, and on along another branch: what later states hold is of no use any more.</summary>
    public static GenerationState RolledBack(GenerationState state, Position target)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state with
        {
            Lineage = state.Lineage + 1,
            Snapshots = [.. state.Snapshots.Where(snapshot => snapshot < target), target],
            Agreed = target,
            Reached = target,
            Checks = [],
        };
    }

    /// <summary>A person resumed a failed run, or changed a spec's free keys.</summary>
    public static GenerationState Resumed(GenerationState state, RunShape shape)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state with { Shape = shape, Failure = null, Replays = 0, Troubles = [] };
    }
}
