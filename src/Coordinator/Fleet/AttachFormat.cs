using System.Buffers;
using Atelier.Protos;
using Google.Protobuf;
using Grpc.Core;

namespace Atelier.Coordinator.Fleet;

/// <summary>The method Attach of fleet.proto, as a server needs it whose answers are encoded before the stream gets them.</summary>
internal static class AttachFormat
{
    /// <summary>The method.</summary>
    public static Method<WorkerMessage, WireMessage> Attach { get; } = new(
        MethodType.DuplexStreaming, "atelier.v1.Fleet", nameof(Attach),
        new Marshaller<WorkerMessage>((message, context) => context.Complete(message.ToByteArray()), context => WorkerMessage.Parser.ParseFrom(context.PayloadAsReadOnlySequence())),
        new Marshaller<WireMessage>(Write, context => new WireMessage(CoordinatorMessage.Parser.ParseFrom(context.PayloadAsReadOnlySequence()))));

    private static void Write(WireMessage message, SerializationContext context)
    {
        context.SetPayloadLength(message.Bytes.Length);
        context.GetBufferWriter().Write(message.Bytes);
        context.Complete();
    }
}
