// CA1032: without a peer there is no such failure.
#pragma warning disable CA1032

namespace Atelier.Worker.Peers.States;

/// <summary>A state could not be fetched from a peer. The state that was to receive it is of no use until another fills it.</summary>
/// <param name="fault">What happened.</param>
/// <param name="peer">The peer.</param>
/// <param name="detail">What exactly.</param>
/// <param name="cause">The failure below it; null for none.</param>
public sealed class PeerStateException(PeerStateFault fault, string peer, string detail, Exception? cause = null)
    : Exception($"the state from {peer}: {detail}", cause)
{
    /// <summary>What happened.</summary>
    public PeerStateFault Fault { get; } = fault;

    /// <summary>The peer's address.</summary>
    public string Peer { get; } = peer;
}
