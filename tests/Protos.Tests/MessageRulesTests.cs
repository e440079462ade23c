using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Atelier.Protos.Tests;

/// <summary>What the notes on compatibility in the .proto files promise.</summary>
public sealed class MessageRulesTests
{
    private static readonly FileDescriptor[] Files = [FleetReflection.Descriptor, RunsReflection.Descriptor, PeerReflection.Descriptor];

    public static TheoryData<string> Enums => [.. Files.SelectMany(file => file.EnumTypes).Select(type => type.FullName)];

    [Fact]
    public void Services_OfTheDesign_HaveTheirCallKinds()
    {
        Assert.Equal(["Attach both"], Calls(Fleet.Descriptor));
        Assert.Equal(["Submit", "Preview", "List", "Get", "Describe", "Watch down", "Pause", "Resume", "Cancel", "Delete", "Logs down", "ListWorkers", "Evict"], Calls(Runs.Descriptor));
        Assert.Equal(["Meet both", "FetchState down"], Calls(Peer.Descriptor));
    }

    [Theory]
    [MemberData(nameof(Enums))]
    public void Enums_FirstValue_IsUnspecified(string name)
    {
        var type = Files.SelectMany(file => file.EnumTypes).Single(type => type.FullName == name);
        Assert.EndsWith("_UNSPECIFIED", type.FindValueByNumber(0)!.Name, StringComparison.Ordinal);
    }

    [Fact]
    public void Fields_OfQuantities_NameTheirUnit()
    {
        // A loss and a metric have no unit.
        string[] known = ["seconds", "loss", "metric"];
        var unnamed = Files.SelectMany(file => file.MessageTypes).SelectMany(message => message.Fields.InDeclarationOrder())
            .Where(field => field.FieldType == FieldType.Double && !known.Contains(field.Name.Split('_')[^1]) && !field.Name.Contains("per_", StringComparison.Ordinal));
        Assert.Empty(unnamed.Select(field => field.FullName));
    }

    [Fact]
    public void CoordinatorMessage_AnOrderOfALaterVersion_ReadsAsNoOrderWithItsEpoch()
    {
        // Field 99 is none of this version: 0x9a 0x06 is its tag, with 1 byte of content.
        byte[] later = [.. new CoordinatorMessage { Epoch = 5 }.ToByteArray(), 0x9a, 0x06, 0x01, 0x00];
        var read = CoordinatorMessage.Parser.ParseFrom(later);
        Assert.Equal((5, CoordinatorMessage.MessageOneofCase.None), (read.Epoch, read.MessageCase));
        Assert.Equal(later, read.ToByteArray());
    }

    [Fact]
    public void StateDigest_OfTheState_DiffersFromThatOfShardZero()
    {
        var digest = StateDigest.Parser.ParseFrom(new StateDigest { Run = "r", Shard = 0 }.ToByteArray());
        Assert.True(digest.HasShard);
        Assert.False(StateDigest.Parser.ParseFrom(new StateDigest { Run = "r" }.ToByteArray()).HasShard);
    }

    [Fact]
    public void Stubs_OfBothSides_AreGenerated()
    {
        Assert.True(typeof(Fleet.FleetBase).IsAbstract);
        Assert.True(typeof(Grpc.Core.ClientBase).IsAssignableFrom(typeof(Runs.RunsClient)));
        Assert.True(typeof(Grpc.Core.ClientBase).IsAssignableFrom(typeof(Peer.PeerClient)));
    }

    private static string[] Calls(ServiceDescriptor service) =>
        [.. service.Methods.Select(method => (method.IsClientStreaming, method.IsServerStreaming) switch
        {
            (true, true) => $"{method.Name} both",
            (false, true) => $"{method.Name} down",
            (true, false) => $"{method.Name} up",
            _ => method.Name,
        })];
}
