namespace Atelier.Worker.Peers.States;

/// <summary>Why a state did not come.</summary>
public enum PeerStateFault
{
    /// <summary>The peer is not there, left on the way, or its state changed meanwhile.</summary>
    PeerGone,

    /// <summary>The peer does not hold that state.</summary>
    NotFound,

    /// <summary>What came is not the state: other networks, another version, or damaged on the way.</summary>
    Mismatch,

    /// <summary>Nothing came for as long as the deadline allows.</summary>
    Deadline,

    /// <summary>The peer does not let this one in, or cannot prove who it is: a wrong token or certificate.</summary>
    Refused,
}
