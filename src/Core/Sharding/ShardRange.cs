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

    /// <summary>First shard.</summary>
    public int Start { get; }

    /// <summary>One past the last shard.</summary>
    public int End { get; }

    /// <summary>Number of shards.</summary>
    [JsonIgnore]
    public int Count => End - Start;

    /// <summary>Whether the other range lies wholly inside this one.</summary>
    /// <param name="other">The range to look for.</param>
    public bool Contains(ShardRange other) => Start <= other.Start && other.End <= End;

    /// <summary>Whether a shard lies inside this range.</summary>
    /// <param name="shard">The shard's index.</param>
    public bool Contains(int shard) => Start <= shard && shard < End;

    /// <inheritdoc/>
    public override string ToString() => $"[{Start},{End})";
}
