using Atelier.Core.Sharding;

namespace Atelier.Core.Fleet.Generations;

/// <summary>Ranks and shard ranges of a generation.</summary>
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
