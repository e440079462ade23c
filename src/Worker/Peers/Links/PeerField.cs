namespace Atelier.Worker.Peers.Links;

/// <summary>What a message carries: the numbers of fields in peer.proto.</summary>
internal enum PeerField
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Who the sender is.</summary>
    Hello = 1,

    /// <summary>A segment to the receiver alone.</summary>
    ToOne = 5,

    /// <summary>A segment to all.</summary>
    ToAll = 6,
}
