using Atelier.Core.Sharding;
using Atelier.Training.Interop;
using Atelier.Worker.Collectives;
using Atelier.Worker.Collectives.Links;
using Atelier.Worker.Interop;
using static TorchSharp.torch;

namespace Atelier.Worker.Tests.Collectives;

/// <summary>Sums by NCCL's calls, which the test plays over the host's memory.</summary>
public sealed class DeviceReductionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    // These tests begin with TorchSharp alone.
    public DeviceReductionTests() => TorchLibrary.Load();

    [Theory]
    [InlineData(1, 8, 1000)]
    [InlineData(2, 8, 100_003)]
    [InlineData(3, 8, 5000)]
    [InlineData(5, 11, 40)]
    [InlineData(8, 8, 20_000)]
    public void Reduce_ByNccl_HasTheBitsOfOneProcess(int ranks, int shards, int length)
    {
        foreach (var type in (ScalarType[])[ScalarType.Float32, ScalarType.Float64])
        {
            var pieces = new RandomPieces(ranks, RandomPieces.Cut(new Random(shards), shards, ranks), length, type);
            using var expected = pieces.Solo();
            var expectedBytes = expected.bytes.ToArray();

            var failures = Run(pieces.Ranges, new PlayedNccl(), (rank, exchange) =>
            {
                using var reduction = new DeviceReduction(pieces.Ranges, exchange!, Patience, TimeProvider.System);
                for (int round = 0; round < 2; round++)
                {
                    using var sum = reduction.Reduce($"round {round}", pieces.Of(rank), CancellationToken.None);
                    Assert.Equal(expectedBytes, sum.bytes.ToArray());
                }
            });

            Assert.All(failures, Assert.Null);
        }
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(2, null)]
    [InlineData(null, 1)]
    public void Join_OneRankThatCannot_LeavesAllToHostMemoryAndSaysWhy(int? without, int? refused)
    {
        var said = new string[3];

        var failures = Run(ShardPlan.Even(8, 3).Ranges, new PlayedNccl { Refused = refused }, (rank, exchange) => Assert.Null(exchange), without, said);

        Assert.All(failures, Assert.Null);
        Assert.All(said, text => Assert.StartsWith("gradients are summed through host memory", text, StringComparison.Ordinal));
        Assert.Contains(without is null ? "ncclCommInitRank: played failure (NCCL error 5)" : "no NCCL", said[without ?? refused!.Value], StringComparison.Ordinal);
    }

    [Fact]
    public void Reduce_RankThatSendsNothing_EndsByTheDeadline()
    {
        var pieces = new RandomPieces(1, ShardPlan.Even(4, 2).Ranges, 100, ScalarType.Float32);
        var nccl = new PlayedNccl { Silent = 1 };

        var failures = Run(pieces.Ranges, nccl, (rank, exchange) =>
        {
            using var reduction = new DeviceReduction(pieces.Ranges, exchange!, TimeSpan.FromMilliseconds(50), TimeProvider.System);
            var error = Assert.Throws<CollectiveException>(() => reduction.Reduce("Gmain", pieces.Of(rank), CancellationToken.None));
            Assert.Equal(CollectiveFault.Deadline, error.Fault);
            Assert.Throws<InvalidOperationException>(() => reduction.Reduce("Dmain", pieces.Of(rank), CancellationToken.None));
        });

        nccl.End();
        Assert.Null(failures[0]);
    }

    /// <summary>Every rank joins over links between threads, then does its part.</summary>
    private static IReadOnlyList<Exception?> Run(IReadOnlyList<ShardRange> ranges, PlayedNccl nccl, Action<int, IDeviceExchange?> part, int? without = null, string[]? said = null)
    {
        var links = InMemoryWorld.Create(ranges.Count);
        return RankThreads.Run(ranges.Count, rank =>
        {
            using var host = new CollectiveReduction(ranges, links[rank], Patience, TimeProvider.System);
            using var exchange = new NcclWorld(host, ranges, rank).Join(rank == without ? null : nccl.Imports(), () => rank, text => said![rank] = text, CancellationToken.None);
            part(rank, exchange);
        });
    }
}
