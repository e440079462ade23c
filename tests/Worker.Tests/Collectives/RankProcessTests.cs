using System.Security.Cryptography;

namespace Atelier.Worker.Tests.Collectives;

/// <summary>Ranks in processes of their own: the same suite for all links that join processes.</summary>
public abstract class RankProcessTests
{
    [Fact]
    public void Reduce_ThreeProcesses_HasTheBitsOfOneProcess()
    {
        var ranks = Start(3, sums: 5);
        using var all = new Disposables(ranks);

        foreach (var rank in ranks)
        {
            for (int sum = 0; sum < 5; sum++)
            {
                using var expected = RankProcess.Pieces(3, sum).Solo();
                Assert.Equal(Convert.ToHexString(SHA256.HashData(expected.bytes)), rank.ReadLine());
            }
            Assert.Equal("done", rank.ReadLine());
        }
    }

    [Fact]
    public void Reduce_AProcessKilledInTheMiddle_TheOthersNameItAndThePhase()
    {
        var ranks = Start(3, sums: int.MaxValue);
        using var all = new Disposables(ranks);
        Assert.All(ranks, rank => Assert.Equal(64, rank.ReadLine()!.Length));
        ranks[1].Kill();

        foreach (int survivor in new[] { 0, 2 })
        {
            string? last = null;
            while (ranks[survivor].ReadLine() is { } line)
                last = line;
            Assert.Matches(@$"^PeerGone phase\d+ {survivor} [012,]*1", last);
        }
    }

    /// <summary>A new world, as <see cref="RankProcess"/> takes it.</summary>
    private protected abstract string World(int ranks);

    private List<RankProcess> Start(int ranks, int sums)
    {
        string world = World(ranks);
        return [.. Enumerable.Range(0, ranks).Select(rank => RankProcess.Start(world, ranks, rank, sums))];
    }

    /// <summary>Ends all processes of a test.</summary>
    private sealed record Disposables(List<RankProcess> Ranks) : IDisposable
    {
        public void Dispose() => Ranks.ForEach(rank => rank.Dispose());
    }
}
