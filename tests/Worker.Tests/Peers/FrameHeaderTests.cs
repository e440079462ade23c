using Atelier.Worker.Peers.Links;

namespace Atelier.Worker.Tests.Peers;

/// <summary>The bytes that peer.proto describes.</summary>
public sealed class FrameHeaderTests
{
    [Theory]
    [InlineData("000000000000000000000000", 0, 0, 0, 0, false, null)]
    [InlineData("010002000100000004030201", 1, 0x01020304, 2, 1, false, null)]
    [InlineData("0200ffff0800000001000000", 2, 1, 65535, 8, false, null)]
    [InlineData("000100000000010000000000", 0, 0, 0, 0, true, 0)]
    [InlineData("000100000000ffff00000000", 0, 0, 0, 0, true, 65534)]
    public void Head_AsBytes_IsWhatPeersAgreedOn(string hex, byte kind, int length, int toOne, int toAll, bool leaves, int? blames)
    {
        var head = new FrameHeader((FrameKind)kind, length) { ReleasedToOne = toOne, ReleasedToAll = toAll, Leaves = leaves, Blames = blames };
        var bytes = new byte[FrameHeader.Bytes];
        head.Write(bytes);

        Assert.Equal(hex, Convert.ToHexStringLower(bytes));
        Assert.Equal(head, FrameHeader.Read(bytes));
    }

    [Theory]
    [InlineData("030000000000000001000000")] // no kind
    [InlineData("010200000000000001000000")] // neither leaves nor stays
    [InlineData("010000000000000000000080")] // longer than memory
    [InlineData("010000000000000000000000")] // a segment without bytes
    [InlineData("000000000000000001000000")] // bytes of no segment
    [InlineData("505249202a20485454502f32")] // HTTP
    public void Read_WhatNoRankSends_Throws(string hex) =>
        Assert.Throws<InvalidDataException>(() => FrameHeader.Read(Convert.FromHexString(hex)));
}
