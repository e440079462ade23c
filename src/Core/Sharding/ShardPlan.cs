using System.Text.Json.Serialization;

namespace Atelier.Core.Sharding;

/// <summary>A contiguous, non-empty range of shards of a minibatch; also names the node of the tree that covers it.</summary>
public readonly record struct ShardRange
{
    /// <summary>The shards from start up to, not including, end.</summary>
    /// <param name="start">First shard, at least 0.</param>
    /// <param name="end">One past the last shard; above start.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is empty or starts below 0.</exception>
    [JsonConstructor]
    public ShardRange(int start, int end)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(end, start);
        Start = start;
        End = end;
    }

    public int Start { get; }

    public int End { get; }

    [JsonIgnore]
    public int Count => End - Start;

    public bool Contains(ShardRange other) => Start <= other.Start && other.End <= End;

    public bool Contains(int shard) => Start <= shard && shard < End;

    public override string ToString() => $"[{Start},{End})";
}

/// <summary>
/// Who computes which shards: contiguous ranges in rank order, as even as possible, the first ranks taking one more. For
/// powers of two every range is one aligned node of the <see cref="ReductionTree"/>.
/// </summary>
public sealed class ShardPlan
{
    private readonly ShardRange[] _ranges;

    private ShardPlan(int shards, ShardRange[] ranges)
    {
        Shards = shards;
        _ranges = ranges;
    }

    public int Shards { get; }

    /// <summary>The range of each rank, in rank order.</summary>
    public IReadOnlyList<ShardRange> Ranges => _ranges;

    /// <param name="shards">Shards in the minibatch, at least 1.</param>
    /// <param name="ranks">Holders, at least 1.</param>
    /// <exception cref="UserErrorException">There are more holders than shards.</exception>
    public static ShardPlan Even(int shards, int ranks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(shards, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(ranks, 1);
        if (ranks > shards)
            throw new UserErrorException(
                $"a minibatch of {shards} shards has work for at most {shards} workers, but {ranks} were requested. Use {shards} workers or fewer, or a smaller `shard`.");
        var (each, extra) = Math.DivRem(shards, ranks);
        var ranges = new ShardRange[ranks];
        var start = 0;
        for (var rank = 0; rank < ranks; rank++)
        {
            var end = start + each + (rank < extra ? 1 : 0);
            ranges[rank] = new(start, end);
            start = end;
        }

        return new(shards, ranges);
    }

    /// <summary>The split that minimises the time of the slowest holder: faster holders get more shards, every holder at least one.</summary>
    /// <param name="shards">Shards in the minibatch, at least as many as holders.</param>
    /// <param name="secondsPerShard">Each holder's time for one shard, in rank order; above 0.</param>
    /// <exception cref="ArgumentException">A time is not above 0, or there are more holders than shards.</exception>
    public static ShardPlan Weighted(int shards, IReadOnlyList<double> secondsPerShard)
    {
        ArgumentNullException.ThrowIfNull(secondsPerShard);
        if (secondsPerShard.Count == 0 || secondsPerShard.Count > shards) throw new ArgumentException($"{shards} shards for {secondsPerShard.Count} holders.", nameof(secondsPerShard));
        if (!secondsPerShard.All(seconds => seconds > 0 && double.IsFinite(seconds))) throw new ArgumentException("Times must be above 0.", nameof(secondsPerShard));
        var counts = Enumerable.Repeat(1, secondsPerShard.Count).ToArray();
        // Each further shard goes to the rank that would finish it first; of equals to the lowest.
        for (var shard = counts.Length; shard < shards; shard++)
            counts[Enumerable.Range(0, counts.Length).MinBy(rank => (counts[rank] + 1) * secondsPerShard[rank])]++;
        var ranges = new ShardRange[counts.Length];
        for (var (rank, start) = (0, 0); rank < counts.Length; start += counts[rank++])
            ranges[rank] = new(start, start + counts[rank]);
        return new(shards, ranges);
    }

    /// <summary>The rank that holds a shard.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such shard.</exception>
    public int HolderOf(int shard)
    {
        var rank = Array.FindIndex(_ranges, range => range.Contains(shard));
        return rank >= 0 ? rank : throw new ArgumentOutOfRangeException(nameof(shard), shard, $"The plan has {Shards} shards.");
    }
}
