using Atelier.Core.Sharding;
using FsCheck;
using FsCheck.Fluent;

namespace Atelier.Core.Tests.Sharding;

public class TreeAccumulatorTests
{
    /// <summary>Values whose sum depends on the order of addition in nearly every case.</summary>
    private static double[] Leaves(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-2, 3)))];

    /// <summary>The definition, read off the design: the tree as a recursion.</summary>
    private static double CanonicalSum(double[] leaves, int start, int end)
    {
        if (end - start == 1) return leaves[start];
        var half = 1;
        while (half * 2 < end - start) half *= 2;
        return CanonicalSum(leaves, start, start + half) + CanonicalSum(leaves, start + half, end);
    }

    [Fact]
    public void Sums_AnySplitAndArrivalOrder_HaveTheBitsOfTheCanonicalSum() =>
        Check.QuickThrowOnFailure(Prop.ForAll<int, byte, byte>((seed, size, workers) =>
        {
            var random = new Random(seed);
            var shards = size % 40 + 1;
            var ranks = workers % shards + 1;
            var leaves = Leaves(random, shards);
            var tree = new ReductionTree(shards);
            // Uneven contiguous ranges: cut points drawn without replacement.
            var cuts = Enumerable.Range(1, shards - 1).OrderBy(_ => random.Next()).Take(ranks - 1).Append(0).Append(shards).Order().ToArray();
            var pieces = new List<SubtreeSum<double>>();
            for (var rank = 0; rank < ranks; rank++)
            {
                var held = new ShardRange(cuts[rank], cuts[rank + 1]);
                var accumulator = new TreeAccumulator<double>(tree, held, (left, right) => left + right);
                foreach (var shard in Enumerable.Range(held.Start, held.Count).OrderBy(_ => random.Next()))
                    accumulator.Add(shard, leaves[shard]);
                pieces.AddRange(accumulator.Pieces);
            }

            var total = tree.Combine(pieces.OrderBy(_ => random.Next()), (left, right) => left + right);
            return BitConverter.DoubleToInt64Bits(total) == BitConverter.DoubleToInt64Bits(CanonicalSum(leaves, 0, shards));
        }));

    [Fact]
    public void Leaves_ForTheseSums_AreSensitiveToTheOrder()
    {
        // Guards the property above: with values that add exactly, it could not fail.
        var sensitive = Enumerable.Range(0, 100).Count(seed =>
        {
            var leaves = Leaves(new Random(seed), 16);
            return CanonicalSum(leaves, 0, 16) != leaves.Aggregate((left, right) => left + right);
        });
        Assert.InRange(sensitive, 50, 100);
    }

    [Theory]
    [InlineData(64, 1)]
    [InlineData(64, 4)]
    [InlineData(37, 3)]
    public void Add_ShardsHandedOutInOrderToLanes_KeepsFewValuesAlive(int shards, int lanes)
    {
        var random = new Random(5);
        var accumulator = new TreeAccumulator<double>(new(shards), new(0, shards), (left, right) => left + right);
        var running = Enumerable.Range(0, lanes).ToList();
        var next = lanes;
        var peak = 0;
        while (running.Count > 0)
        {
            var finished = running[random.Next(running.Count)];
            running.Remove(finished);
            accumulator.Add(finished, finished);
            peak = Math.Max(peak, accumulator.Live + running.Count);
            // No lane runs ahead of the slowest by more than there are lanes.
            while (running.Count < lanes && next < shards && (running.Count == 0 || next - running.Min() < 2 * lanes)) running.Add(next++);
        }

        Assert.InRange(peak, 1, 2 * lanes + (int)Math.Ceiling(Math.Log2(shards)));
        Assert.Equal(shards * (shards - 1) / 2.0, accumulator.Pieces.Single().Value);
    }

    [Fact]
    public void Add_ShardTwiceOrOutside_Throws()
    {
        var accumulator = new TreeAccumulator<int>(new(8), new(2, 5), (left, right) => left + right);
        accumulator.Add(2, 1);
        accumulator.Add(3, 1);
        Assert.Throws<ArgumentException>(() => accumulator.Add(3, 1));
        Assert.Throws<ArgumentException>(() => accumulator.Add(5, 1));
        Assert.False(accumulator.IsComplete);
        Assert.Throws<InvalidOperationException>(() => accumulator.Pieces);
    }

    [Fact]
    public void Pieces_Complete_AreTheCoverFromLeftToRight()
    {
        var accumulator = new TreeAccumulator<string>(new(8), new(1, 8), (left, right) => $"({left}{right})");
        foreach (var shard in new[] { 7, 1, 6, 3, 2, 5, 4 }) accumulator.Add(shard, $"{shard}");
        Assert.Equal(
            [new SubtreeSum<string>(new(1, 2), "1"), new(new(2, 4), "(23)"), new(new(4, 8), "((45)(67))")],
            accumulator.Pieces);
    }
}
