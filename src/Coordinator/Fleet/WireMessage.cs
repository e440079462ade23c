using Atelier.Protos;
using Google.Protobuf;
using Orleans;

namespace Atelier.Coordinator.Fleet;

/// <summary>
/// A message to workers, as grains pass it on. It never changes, and one that many workers get is read once in a process: a
/// generation of a thousand is told a thousand times who its thousand members are.
/// </summary>
[GenerateSerializer, Immutable]
public sealed class WireMessage
{
    [Id(0)]
    private readonly byte[] _bytes;

    [NonSerialized]
    private CoordinatorMessage? _message;

    /// <summary>Takes a message; it must not change from here on.</summary>
    public WireMessage(CoordinatorMessage message)
    {
        _message = message;
        _bytes = message.ToByteArray();
    }

    /// <summary>The message; not to be changed.</summary>
    internal CoordinatorMessage Message => _message ??= CoordinatorMessage.Parser.ParseFrom(_bytes);
}
