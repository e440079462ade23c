namespace Atelier.Worker.Peers.Links;

/// <summary>What a frame carries; the numbers of peer.proto.</summary>
internal enum FrameKind : byte
{
    /// <summary>No segment.</summary>
    None = 0,

    /// <summary>A segment to the receiver alone.</summary>
    ToOne = 1,

    /// <summary>A segment to all.</summary>
    ToAll = 2,
}
