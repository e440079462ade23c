namespace Atelier.Worker.Collectives;

/// <summary>Why a collective could not end.</summary>
public enum CollectiveFault
{
    /// <summary>A rank is gone: its process ended, or it left.</summary>
    PeerGone,

    /// <summary>Nothing moved for as long as the deadline allows.</summary>
    Deadline,

    /// <summary>A rank takes part in another collective than this one: another phase, length, type or plan.</summary>
    Mismatch,

    /// <summary>A rank does not let this one in, or cannot prove who it is: a wrong token or certificate.</summary>
    Refused,
}
