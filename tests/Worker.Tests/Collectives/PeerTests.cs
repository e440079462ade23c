using Atelier.Worker.Collectives;
using Atelier.Worker.Collectives.Links;
using Atelier.Worker.Collectives.Peers;

namespace Atelier.Worker.Tests.Collectives;

/// <summary>Ranks in processes of their own, over gRPC, and how they meet.</summary>
public sealed class PeerTests : RankProcessTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Join_ARankThatDoesNotCome_IsNamed()
    {
        var server = await PeerServer.StartAsync(PeerRanks.Tcp, TestContext.Current.CancellationToken);
        var e = await Assert.ThrowsAsync<CollectiveException>(() =>
            new PeerWorld("run", 1, [PeerRanks.Unix, server.Address, PeerRanks.Unix]).JoinAsync(server, 1, TimeSpan.FromMilliseconds(50), TimeProvider.System, TestContext.Current.CancellationToken));

        Assert.Equal((CollectiveFault.Deadline, "joining", 1), (e.Fault, e.Phase, e.Rank));
        Assert.Equal([0, 2], e.Blamed);
    }

    [Fact]
    public async Task Join_ARankOfAnotherGeneration_IsRefused()
    {
        using var end = new CancellationTokenSource();
        var first = await PeerServer.StartAsync(PeerRanks.Tcp, TestContext.Current.CancellationToken);
        var second = await PeerServer.StartAsync(PeerRanks.Tcp, TestContext.Current.CancellationToken);
        var waiting = new PeerWorld("run", 2, [first.Address, second.Address]).JoinAsync(first, 0, Patience, TimeProvider.System, end.Token);
        var e = await Assert.ThrowsAsync<CollectiveException>(() =>
            new PeerWorld("run", 1, [first.Address, second.Address]).JoinAsync(second, 1, Patience, TimeProvider.System, TestContext.Current.CancellationToken));

        Assert.Equal(CollectiveFault.Mismatch, e.Fault);
        Assert.Equal([0], e.Blamed);
        Assert.Contains("generation 2", e.Message, StringComparison.Ordinal);
        Assert.False(waiting.IsCompleted);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Theory]
    [InlineData("127.0.0.1:5000")]
    [InlineData("unix:/tmp/peer.sock")]
    public void Parse_WhatToStringWrites_ReadsIt(string text) => Assert.Equal(text, PeerAddress.Parse(text).ToString());

    [Fact]
    public void Parse_SomethingElse_SaysWhatIsExpected() =>
        Assert.Contains("unix:/", Assert.Throws<Atelier.Core.UserErrorException>(() => PeerAddress.Parse("somewhere")).Message, StringComparison.Ordinal);

    private protected override string World(int ranks) => string.Join(',', Enumerable.Range(0, ranks).Select(_ => PeerRanks.Unix));
}

/// <summary>Sums over TCP.</summary>
public sealed class PeerTcpBitsTests : CollectiveBitsTests
{
    protected override int Cases => 12;

    private protected override IReadOnlyList<IRankLinks> World(RingShape shape) => PeerRanks.Join(shape, () => PeerRanks.Tcp);
}

/// <summary>Sums over Unix sockets.</summary>
public sealed class PeerUnixBitsTests : CollectiveBitsTests
{
    protected override int Cases => 12;

    private protected override IReadOnlyList<IRankLinks> World(RingShape shape) => PeerRanks.Join(shape, () => PeerRanks.Unix);
}

/// <summary>Failures over TCP.</summary>
public sealed class PeerFailureTests : CollectiveFailureTests
{
    private protected override IReadOnlyList<IRankLinks> Create(int ranks) => PeerRanks.Join(RingShape.For(ranks), () => PeerRanks.Tcp);
}
