using System.Buffers;
using Atelier.Protos;
using Atelier.Worker.Peers.Links;
using Google.Protobuf;
using Grpc.Core;

namespace Atelier.Worker.Tests.Peers;

/// <summary>The handwritten format is protobuf's of peer.proto.</summary>
public sealed class PeerFrameFormatTests
{
    [Theory]
    [InlineData(0, 0, 0, false, null)]
    [InlineData(1, 0, 5, false, null)]
    [InlineData(300, 2, 70_000, false, null)]
    [InlineData(0, 127, 0, true, null)]
    [InlineData(0, 0, 0, true, 0)]
    [InlineData(0, 0, 0, true, 200)]
    public void Format_OfASegment_IsTheGenerated(int toOne, int toAll, int bytes, bool leaves, int? blames)
    {
        var data = Enumerable.Range(0, bytes).Select(i => (byte)i).ToArray();
        var expected = new Segment { ReleasedToOne = (uint)toOne, ReleasedToAll = (uint)toAll, Leaves = leaves, Blames = (uint)(blames + 1 ?? 0), ToAll = ByteString.CopyFrom(data) };
        var frame = new PeerFrame(bytes == 0 ? PeerField.None : PeerField.ToAll, data) { ReleasedToOne = toOne, ReleasedToAll = toAll, Leaves = leaves, Blames = blames };
        var sink = new Sink();
        PeerFrameFormat.Exchange.RequestMarshaller.ContextualSerializer(frame, sink);

        Assert.Equal(expected, Segment.Parser.ParseFrom(sink.Bytes.WrittenSpan));
        Assert.Equal(sink.Length, sink.Bytes.WrittenCount);
        var read = PeerFrameFormat.Exchange.ResponseMarshaller.ContextualDeserializer(new Source(expected.ToByteArray()));
        Assert.Equal((toOne, toAll, leaves, blames), (read.ReleasedToOne, read.ReleasedToAll, read.Leaves, read.Blames));
        Assert.Equal(data, read.Payload.ToArray());
    }

    [Theory]
    [InlineData("18")]
    [InlineData("1880")]
    [InlineData("2a0501")]
    [InlineData("1201ff")]
    [InlineData("2a01ff3201ff")]
    public void Read_WhatNoRankSends_Throws(string hex) =>
        Assert.Throws<InvalidDataException>(() => PeerFrameFormat.Exchange.RequestMarshaller.ContextualDeserializer(new Source(Convert.FromHexString(hex))));

    private sealed class Sink : SerializationContext
    {
        public ArrayBufferWriter<byte> Bytes { get; } = new();

        public int Length { get; private set; }

        public override void SetPayloadLength(int payloadLength) => Length = payloadLength;

        public override IBufferWriter<byte> GetBufferWriter() => Bytes;

        public override void Complete()
        {
        }
    }

    private sealed class Source(byte[] bytes) : DeserializationContext
    {
        public override int PayloadLength => bytes.Length;

        public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => new(bytes);
    }
}
