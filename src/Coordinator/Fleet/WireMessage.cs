using Atelier.Protos;
using Google.Protobuf;
using Orleans;

namespace Atelier.Coordinator.Fleet;

/// <summary>
/// A message to workers, as grains pass it on. It never changes, and is encoded once, however many workers get it: a
/// generation of a thousand is told a thousand times who its thousand members are.
/// </summary>
[GenerateSerializer, Immutable]
public sealed class WireMessage
{
    [Id(0)]
    private readonly byte[] _bytes;

    /// <summary>Encodes a message.</summary>
    public WireMessage(CoordinatorMessage message) => _bytes = message.ToByteArray();

    /// <summary>The message as the stream has it.</summary>
    internal ReadOnlySpan<byte> Bytes => _bytes;
}
