using Atelier.Core.Sharding;

namespace Atelier.Core.Fleet.Generations;

/// <summary>Everything that a generation is. It never changes; a change is another generation.</summary>
/// <param name="Members">Its workers, in rank order; their ranges follow each other and cover all shards.</param>
/// <param name="Source">Where those get it that do not hold it.</param>
/// <param name="Limit">Where the workers stop by themselves: the run's end, or the end of the iteration that is to be finished.</param>
/// <param name="IsLast">Whether it only finishes the iteration under way, so that the state can be saved.</param>
public sealed record GenerationPlan(
    GenerationId Id, IReadOnlyList<GenerationMember> Members, StateVersion Start, StateSource Source, Position Limit, bool IsLast = false)
{
    public GenerationMember? Find(WorkerId worker) => ByWorker<GenerationMember>.Find(Members, worker, member => member.Worker);
}

/// <summary>A worker's part in a generation.</summary>
public sealed record GenerationMember(WorkerId Worker, long Incarnation, Rank Rank, ShardRange Shards);

/// <summary>Where members that do not hold a generation's starting state get it.</summary>
public enum StateOrigin
{
    /// <summary>From a worker that holds it.</summary>
    Worker,

    /// <summary>From the snapshot of that position.</summary>
    Snapshot,

    /// <summary>From the seed: it is the initial state.</summary>
    Seed,
}

/// <summary>Where a generation's starting state comes from.</summary>
/// <param name="Worker">The worker that holds it; null for other origins.</param>
public sealed record StateSource(StateOrigin Origin, WorkerId? Worker = null);

internal static class Assignment
{
    /// <summary>Workers in the order of their ranks: those of the last generation keep their order, new ones follow.</summary>
    public static IReadOnlyList<LiveWorker> Ranked(IEnumerable<LiveWorker> workers, GenerationPlan? last) =>
        [.. workers.OrderBy(worker => last?.Find(worker.Worker)?.Rank.Index ?? int.MaxValue)];

    /// <summary>The members: even ranges, or weighted ones where these promise a gain above the threshold.</summary>
    public static IReadOnlyList<GenerationMember> Members(IReadOnlyList<LiveWorker> ranked, GenerationState state, double gain)
    {
        var even = ShardPlan.Even(state.Shape.Shards, ranked.Count);
        var seconds = Speeds(ranked.Select(worker => worker.Worker), state);
        var plan = seconds is not null && BetterThan(even.Ranges, seconds, gain) is { } weighted ? weighted : even;
        return [.. ranked.Select((worker, rank) => new GenerationMember(worker.Worker, worker.Incarnation, new(rank), plan.Ranges[rank]))];
    }

    /// <summary>Whether other ranges would make this generation faster by more than the threshold.</summary>
    public static bool WouldGain(GenerationPlan plan, GenerationState state, double gain) =>
        Speeds(plan.Members.Select(member => member.Worker), state) is { } seconds
        && BetterThan([.. plan.Members.Select(member => member.Shards)], seconds, gain) is not null;

    private static ShardPlan? BetterThan(IReadOnlyList<ShardRange> ranges, IReadOnlyList<double> seconds, double gain)
    {
        var weighted = ShardPlan.Weighted(ranges[^1].End, seconds);
        return Slowest(weighted.Ranges, seconds) < (1 - gain) * Slowest(ranges, seconds) ? weighted : null;
    }

    private static double Slowest(IReadOnlyList<ShardRange> ranges, IReadOnlyList<double> seconds) =>
        ranges.Select((range, rank) => range.Count * seconds[rank]).Max();

    /// <summary>Seconds per shard of each worker; null while one of them has not measured, or measured nonsense.</summary>
    private static List<double>? Speeds(IEnumerable<WorkerId> workers, GenerationState state)
    {
        var seconds = workers.Select(worker => state.ReportOf(worker)?.SecondsPerShard).ToList();
        return seconds.All(value => value is > 0 && double.IsFinite(value.Value)) ? [.. seconds.Select(value => value!.Value)] : null;
    }
}

/// <summary>The shard that is computed twice in a tick, and by whom. A function of the tick and the plan: nobody has to be told.</summary>
/// <param name="Holder">The rank whose shard it is.</param>
public sealed record DoubleCheck(int Shard, Rank Holder, Rank Second)
{
    /// <summary>The check of a tick; null for a single worker, which nobody can check.</summary>
    public static DoubleCheck? Of(long tick, GenerationPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var ranks = plan.Members.Count;
        if (ranks < 2) return null;
        // Mixed, so that no period of ticks spares a shard or a pair of workers.
        var drawn = Mix((ulong)tick);
        var shard = (int)(drawn % (ulong)plan.Members[^1].Shards.End);
        var holder = plan.Members.First(member => member.Shards.Contains(shard)).Rank;
        var further = 1 + (int)((drawn >> 32) % (ulong)(ranks - 1));
        return new(shard, holder, new((holder.Index + further) % ranks));
    }

    /// <summary>The finaliser of SplitMix64 (Steele et al. 2014).</summary>
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
