namespace Atelier.Core.Fleet.Membership;

/// <summary>
/// What a worker may do. Probing → Admitted → Draining; from each of them → Evicted. A worker whose lease is lost, or that
/// has left, is no member any more. Only a new process of the same name leaves Evicted, to Probing.
/// </summary>
public enum MemberStatus
{
    /// <summary>It runs the admission probe and gets no work.</summary>
    Probing,

    /// <summary>It gets work.</summary>
    Admitted,

    /// <summary>It was asked to stop (SIGTERM): it hands over what it holds and gets no new work.</summary>
    Draining,

    /// <summary>It is refused; the reason stands beside.</summary>
    Evicted,
}
