using Atelier.Core.Sharding;
using Atelier.Worker.Collectives;
using Atelier.Worker.Collectives.Links;
using FsCheck;
using FsCheck.Fluent;
using static TorchSharp.torch;

namespace Atelier.Worker.Tests.Collectives;

/// <summary>The sum has the bits of a single process, whoever holds what and however it travels: the same suite for all links.</summary>
public abstract class CollectiveBitsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>How many random sums are tried.</summary>
    protected abstract int Cases { get; }

    [Fact]
    public void Reduce_AnyShardsRangesLengthsAndTypes_HasTheBitsOfOneProcess() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(Cases),
            Prop.ForAll<int, byte, byte>((seed, size, workers) =>
            {
                var random = new Random(seed);
                int shards = (size % 24) + 1, ranks = (workers % Math.Min(shards, 6)) + 1;
                // Half of the buffers are shorter than a cache line a rank; some are empty.
                int elements = random.Next(2) == 0 ? random.Next(40) : random.Next(6000);
                var type = random.Next(2) == 0 ? ScalarType.Float32 : ScalarType.Float64;
                var pieces = new RandomPieces(seed, RandomPieces.Cut(random, shards, ranks), elements, type);
                // Small segments, so that even these buffers are many, in few slots, so that ranks wait for each other.
                AssertBits(pieces, World(new RingShape(ranks, 64 * (1 + 16 * random.Next(4, 40)), random.Next(1, 4))));
            }));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(8)]
    public void Reduce_WorldsUpToTheNumberOfShards_HaveTheBitsOfOneProcess(int ranks) =>
        AssertBits(new RandomPieces(ranks, ShardPlan.Even(8, ranks).Ranges, 100_003, ScalarType.Float32), World(RingShape.For(ranks)));

    /// <summary>Each rank's links, which the reductions dispose.</summary>
    private protected abstract IReadOnlyList<IRankLinks> World(RingShape shape);

    /// <summary>Reduces twice over the same links, with every rank in a thread, and compares all results.</summary>
    private static void AssertBits(RandomPieces pieces, IReadOnlyList<IRankLinks> links)
    {
        using var expected = pieces.Solo();
        var expectedBytes = expected.bytes.ToArray();
        var failures = RankThreads.Run(links.Count, rank =>
        {
            using var reduction = new CollectiveReduction(pieces.Ranges, links[rank], Patience, TimeProvider.System);
            for (int round = 0; round < 2; round++)
            {
                using var sum = reduction.Reduce($"round {round}", pieces.Of(rank), CancellationToken.None);
                Assert.Equal(expectedBytes, sum.bytes.ToArray());
            }
        });
        Assert.All(failures, Assert.Null);
    }
}
