using Atelier.Protos;
using Google.Protobuf;
using Grpc.Core;

namespace Atelier.Cli.Cluster;

/// <summary>
/// The method Attach of fleet.proto, as fake workers call it: the members of a generation are left unread. Each worker reads
/// them on its own machine; a thousand on one would measure nothing but that.
/// </summary>
internal static class FakeAttach
{
    /// <summary>The method.</summary>
    public static Method<WorkerMessage, CoordinatorMessage> Method { get; } = new(
        MethodType.DuplexStreaming, "atelier.v1.Fleet", "Attach",
        new Marshaller<WorkerMessage>((message, context) => context.Complete(message.ToByteArray()), context => WorkerMessage.Parser.ParseFrom(context.PayloadAsReadOnlySequence())),
        new Marshaller<CoordinatorMessage>((message, context) => context.Complete(message.ToByteArray()), context => Read(context.PayloadAsNewBuffer())));

    private static CoordinatorMessage Read(byte[] bytes)
    {
        using var input = new CodedInputStream(bytes);
        for (uint tag; (tag = input.ReadTag()) != 0;)
        {
            if (WireFormat.GetTagFieldNumber(tag) == CoordinatorMessage.PrepareFieldNumber)
                return new CoordinatorMessage { Prepare = ReadPrepare(input.ReadBytes().CreateCodedInput()) };
            input.SkipLastField();
        }
        return CoordinatorMessage.Parser.ParseFrom(bytes);
    }

    private static Prepare ReadPrepare(CodedInputStream input)
    {
        var prepare = new Prepare();
        for (uint tag; (tag = input.ReadTag()) != 0;)
        {
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case Prepare.GenerationFieldNumber:
                    prepare.Generation = input.ReadInt64();
                    break;
                case Prepare.StartFieldNumber:
                    prepare.Start = StateVersion.Parser.ParseFrom(input.ReadBytes());
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }
        return prepare;
    }
}
