using Atelier.Core.Sharding;
using Atelier.Worker.Collectives;
using Atelier.Worker.Collectives.Links;
using FsCheck;
using FsCheck.Fluent;
using static TorchSharp.torch;

namespace Atelier.Worker.Tests.Collectives;

/// <summary>The sum has the bits of a single process, whoever holds what and however it travels.</summary>
public sealed class CollectiveReductionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public void Reduce_AnyShardsRangesLengthsAndTypes_HasTheBitsOfOneProcess() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(60),
            Prop.ForAll<int, byte, byte>((seed, size, workers) =>
            {
                var random = new Random(seed);
                int shards = (size % 24) + 1, ranks = (workers % Math.Min(shards, 6)) + 1;
                // Half of the buffers are shorter than a cache line a rank; some are empty.
                int elements = random.Next(2) == 0 ? random.Next(40) : random.Next(6000);
                var type = random.Next(2) == 0 ? ScalarType.Float32 : ScalarType.Float64;
                var pieces = new RandomPieces(seed, RandomPieces.Cut(random, shards, ranks), elements, type);
                // Small segments, so that even these buffers are many, in few slots, so that ranks wait for each other.
                AssertBits(pieces, InMemoryLinks.Create(new RingShape(ranks, 64 * (1 + 16 * random.Next(4, 40)), random.Next(1, 4))));
            }));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(8)]
    public void Reduce_WorldsUpToTheNumberOfShards_HaveTheBitsOfOneProcess(int ranks) =>
        AssertBits(new RandomPieces(ranks, ShardPlan.Even(8, ranks).Ranges, 100_003, ScalarType.Float32), InMemoryWorld.Create(ranks));

    [Fact]
    public void Pieces_ForTheseSums_AreSensitiveToTheOrder()
    {
        // Guards the properties above: with values that add exactly, they could not fail.
        var one = new RandomPieces(3, [new ShardRange(0, 5)], 100, ScalarType.Float32);
        using var inTreeOrder = one.Solo();
        var shards = new RandomPieces(3, [.. Enumerable.Range(0, 5).Select(shard => new ShardRange(shard, shard + 1))], 100, ScalarType.Float32);
        using var inSequence = Enumerable.Range(0, 5).Select(rank => shards.Of(rank).Single().Value).Aggregate(Atelier.Training.Step.PhaseSum.Combine);
        Assert.NotEqual(inTreeOrder.bytes.ToArray(), inSequence.bytes.ToArray());
    }

    [Fact]
    public void Reduce_InfinitiesAndNaNs_ComeOut()
    {
        var links = InMemoryWorld.Create(2);
        var failures = RankThreads.Run(2, rank =>
        {
            using var reduction = new CollectiveReduction(ShardPlan.Even(2, 2).Ranges, links[rank], Patience, TimeProvider.System);
            var mine = tensor(rank == 0 ? [float.PositiveInfinity, float.NaN, 1, -0f] : new[] { float.NegativeInfinity, 1, float.NegativeInfinity, -0f });
            using var sum = reduction.Reduce("Gmain", [new SubtreeSum<Tensor>(reduction.Held, mine)], CancellationToken.None);
            Assert.Equal([float.NaN, float.NaN, float.NegativeInfinity, -0f], sum.data<float>().ToArray());
        });
        Assert.All(failures, Assert.Null);
    }

    [Fact]
    public void ExtraBytes_AlignedPowersOfTwo_AreTheLinksAndScratchAlone()
    {
        const int Elements = 1000;
        using var aligned = Member(0, [new(0, 4), new(4, 8)]);
        using var uneven = Member(1, [new(0, 1), new(1, 8)]);
        // Shards 1 to 7 are covered by three subtrees.
        Assert.Equal(2 * Elements * sizeof(float), uneven.ExtraBytes(Elements, sizeof(float)) - aligned.ExtraBytes(Elements, sizeof(float)) - (2 * 2048 * sizeof(float)));
        Assert.True(aligned.ExtraBytes(Elements, sizeof(float)) < 4_000_000);
    }

    [Theory]
    [InlineData("0-2 3-4", "follow")]
    [InlineData("1-2 2-4", "follow")]
    [InlineData("0-4", "1 ranges for 2 ranks")]
    public void Constructor_RangesThatAreNoPlan_SaysSo(string ranges, string part)
    {
        var parsed = ranges.Split(' ').Select(range => range.Split('-')).Select(ends => new ShardRange(int.Parse(ends[0]), int.Parse(ends[1]))).ToList();
        Assert.Contains(part, Assert.Throws<ArgumentException>(() => Member(0, parsed)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reduce_OtherPiecesThanThePlans_Throws()
    {
        using var reduction = Member(0, [new(0, 2), new(2, 4)]);
        Assert.Throws<ArgumentException>(() => reduction.Reduce("Gmain", [new SubtreeSum<Tensor>(new(2, 4), ones(4))], CancellationToken.None));
        Assert.Throws<InvalidOperationException>(() => reduction.Reduce("Gmain", [new SubtreeSum<Tensor>(new(0, 2), ones(4))], CancellationToken.None));
    }

    private static CollectiveReduction Member(int rank, IReadOnlyList<ShardRange> ranges) =>
        new(ranges, InMemoryWorld.Create(2)[rank], Patience, TimeProvider.System);

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
