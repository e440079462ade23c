using Atelier.Protos;
using Google.Protobuf;
using Grpc.Core;

namespace Atelier.Worker.Peers.States;

/// <summary>The method FetchState of peer.proto, as a server that is built by hand needs it.</summary>
internal static class StateChunkFormat
{
    /// <summary>The method.</summary>
    public static Method<StateRequest, StateChunk> FetchState { get; } = new(
        MethodType.ServerStreaming, "atelier.v1.Peer", nameof(FetchState), Of(StateRequest.Parser), Of(StateChunk.Parser));

    private static Marshaller<T> Of<T>(MessageParser<T> parser) where T : class, IMessage<T> => new(
        (message, context) =>
        {
            context.SetPayloadLength(message.CalculateSize());
            message.WriteTo(context.GetBufferWriter());
            context.Complete();
        },
        context => parser.ParseFrom(context.PayloadAsReadOnlySequence()));
}
