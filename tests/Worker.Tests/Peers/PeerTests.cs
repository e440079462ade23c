using Atelier.Core;
using Atelier.Worker.Collectives;
using Atelier.Worker.Collectives.Links;
using Atelier.Worker.Peers;
using Atelier.Worker.Tests.Collectives;

namespace Atelier.Worker.Tests.Peers;

/// <summary>Ranks in processes of their own, joined as hosts are.</summary>
public sealed class PeerTests : RankProcessTests
{
    [Theory]
    [InlineData("http://127.0.0.1:5000")]
    [InlineData("https://worker-3.example:5000")]
    [InlineData("unix:/tmp/peer.sock")]
    public void Parse_WhatToStringWrites_ReadsIt(string text) => Assert.Equal(text, PeerAddress.Parse(text).ToString());

    [Theory]
    [InlineData("somewhere", "unix:/")]
    [InlineData("http://10.0.0.1:5000", "https://10.0.0.1:5000")]
    public void Parse_WhatNoWorkerIsReachedAt_SaysWhatWouldBe(string text, string instead) =>
        Assert.Contains(instead, Assert.Throws<UserErrorException>(() => PeerAddress.Parse(text)).Message, StringComparison.Ordinal);

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

/// <summary>Sums over TLS.</summary>
public sealed class PeerTlsBitsTests : CollectiveBitsTests
{
    protected override int Cases => 12;

    private protected override IReadOnlyList<IRankLinks> World(RingShape shape) => PeerRanks.Join(shape, () => PeerRanks.Tcp, PeerRanks.Tls);
}

/// <summary>Failures over TLS.</summary>
public sealed class PeerTlsFailureTests : CollectiveFailureTests
{
    private protected override IReadOnlyList<IRankLinks> Create(int ranks) => PeerRanks.Join(RingShape.For(ranks), () => PeerRanks.Tcp, PeerRanks.Tls);
}

/// <summary>Failures over TCP.</summary>
public sealed class PeerFailureTests : CollectiveFailureTests
{
    private protected override IReadOnlyList<IRankLinks> Create(int ranks) => PeerRanks.Join(RingShape.For(ranks), () => PeerRanks.Tcp);
}
