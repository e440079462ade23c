using Atelier.Core.Fleet.Membership;

namespace Atelier.Core.Fleet.Queue;

/// <summary>
/// Which workers serve which run. Minimums come first, by priority, and may take workers from runs of lower priority; what
/// is left keeps its place; free workers then go to the run of highest priority that can use more. A worker is moved only
/// where its run gets fewer.
/// </summary>
public static class AllocationPolicy
{
    /// <summary>The workers that each run is to have. A run that gets none is not listed.</summary>
    /// <param name="runs">The queue's runs; those that want no workers get none.</param>
    /// <param name="workers">Workers that may be given work, in the order in which they joined.</param>
    public static IReadOnlyList<Allocation> Allocate(
        IEnumerable<RunEntry> runs, IReadOnlyList<Member> workers, IReadOnlyList<Allocation> present)
    {
        ArgumentNullException.ThrowIfNull(runs);
        ArgumentNullException.ThrowIfNull(workers);
        ArgumentNullException.ThrowIfNull(present);
        // A worker that serves one run only is that run's, or nobody's.
        var reserved = workers.Where(worker => worker.Capabilities.OnlyRun is not null).ToLookup(worker => worker.Capabilities.OnlyRun!);
        workers = [.. workers.Where(worker => worker.Capabilities.OnlyRun is null)];
        var free = workers.GroupBy(worker => worker.Capabilities.Numerics).ToDictionary(pool => pool.Key, pool => pool.Count());
        var byName = workers.ToDictionary(worker => worker.Worker);
        var shares = new List<Share>();
        foreach (var run in runs.Where(run => RunLifecycle.WantsWorkers(run.Status)).OrderByDescending(run => run.Priority).ThenBy(run => run.Order))
        {
            var had = present.FirstOrDefault(allocation => allocation.Run == run.Run)?.Workers ?? [];
            var own = reserved[run.Run.Value].ToList();
            var numerics = run.Numerics ?? own.Select(worker => worker.Capabilities.Numerics).FirstOrDefault() ?? Fitting(run, free, had, byName);
            if (numerics is null) continue;
            own = [.. own.Where(worker => worker.Capabilities.Numerics == numerics).Take(run.MaxWorkers)];
            var minimum = Math.Max(0, run.MinWorkers - own.Count);
            if (free.GetValueOrDefault(numerics) < minimum) continue;
            if (minimum > 0) free[numerics] -= minimum;
            shares.Add(new(run, numerics, minimum)
            {
                Own = [.. own.Select(worker => worker.Worker)],
                Had = [.. had.Where(worker => byName.TryGetValue(worker, out var member) && member.Capabilities.Numerics == numerics)],
            });
        }

        foreach (var share in shares) Extend(share, Math.Min(share.Had.Count, share.Run.MaxWorkers - share.Own.Count));
        foreach (var share in shares) Extend(share, share.Run.MaxWorkers - share.Own.Count);
        return Name(shares, workers);

        void Extend(Share share, int upTo)
        {
            var more = Math.Clamp(upTo - share.Count, 0, free.GetValueOrDefault(share.Numerics));
            if (more == 0) return;
            share.Count += more;
            free[share.Numerics] -= more;
        }
    }

    /// <summary>The part of an allocation that a run may have already: a worker stays with the run that holds it until that lets it go.</summary>
    public static IReadOnlyList<WorkerId> Available(Allocation wanted, IReadOnlySet<WorkerId> heldByOthers)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        return [.. wanted.Workers.Where(worker => !heldByOthers.Contains(worker))];
    }

    /// <summary>For a run that no numerics bind yet: those of the workers that it has, if enough remain; else those of most workers.</summary>
    private static string? Fitting(RunEntry run, Dictionary<string, int> free, IReadOnlyList<WorkerId> had, Dictionary<WorkerId, Member> byName) =>
        had.Where(byName.ContainsKey).Select(worker => byName[worker].Capabilities.Numerics).FirstOrDefault(numerics => free[numerics] >= run.MinWorkers)
        ?? free.OrderByDescending(pool => pool.Value).ThenBy(pool => pool.Key, StringComparer.Ordinal).Select(pool => pool.Key).FirstOrDefault();

    private static List<Allocation> Name(List<Share> shares, IReadOnlyList<Member> workers)
    {
        var kept = shares.ToDictionary(share => share.Run.Run, share => share.Had.Take(share.Count).ToList());
        var taken = kept.Values.SelectMany(workersOfRun => workersOfRun).ToHashSet();
        foreach (var share in shares)
        {
            var mine = kept[share.Run.Run];
            var newcomers = workers
                .Where(worker => worker.Capabilities.Numerics == share.Numerics && !taken.Contains(worker.Worker))
                .Take(share.Count - mine.Count).Select(worker => worker.Worker).ToList();
            mine.AddRange(newcomers);
            taken.UnionWith(newcomers);
        }

        return [.. shares.Select(share => new Allocation(share.Run.Run, [.. share.Own, .. kept[share.Run.Run]], share.Numerics))];
    }

    private sealed record Share(RunEntry Run, string Numerics, int Minimum)
    {
        /// <summary>Workers that serve this run only.</summary>
        public required IReadOnlyList<WorkerId> Own { get; init; }

        public required IReadOnlyList<WorkerId> Had { get; init; }

        public int Count { get; set; } = Minimum;
    }
}

/// <param name="Workers">Its workers: those it had first, in their order, then new ones.</param>
/// <param name="Numerics">Digest of the numerics that they share; for a run without any, what to record.</param>
public sealed record Allocation(RunId Run, IReadOnlyList<WorkerId> Workers, string Numerics);
