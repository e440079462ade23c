namespace Atelier.Core.Fleet.Generations;

/// <summary>The shard that is computed twice in a tick, and by whom. A function of the tick and the plan: nobody has to be told.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Holder">The rank whose shard it is.</param>
/// <param name="Second">The rank that computes it too.</param>
public sealed record DoubleCheck(int Shard, Rank Holder, Rank Second)
{
    /// <summary>The check of a tick; null for a single worker, which nobody can check.</summary>
    /// <param name="tick">The tick's number.</param>
    /// <param name="plan">The generation.</param>
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
