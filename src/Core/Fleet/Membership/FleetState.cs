namespace Atelier.Core.Fleet.Membership;

/// <summary>The fleet as the coordinator knows it.</summary>
/// <param name="Members">Members in the order in which they joined, evicted ones included.</param>
public sealed record FleetState(IReadOnlyList<Member> Members, IReadOnlyList<ProbeReference> Probes)
{
    public static FleetState Empty { get; } = new([], []);

    public Member? Find(WorkerId worker) => ByWorker<Member>.Find(Members, worker, member => member.Worker);

    /// <summary>Members that hold state or may be given work: admitted and draining ones with a lease.</summary>
    public IEnumerable<Member> Live(DateTimeOffset now) =>
        Members.Where(member => member.Status is MemberStatus.Admitted or MemberStatus.Draining && member.Lease.IsHeldAt(now));

    internal FleetState With(Member member) => Find(member.Worker) is { } former
        ? this with { Members = [.. Members.Select(other => ReferenceEquals(other, former) ? member : other)] }
        : this with { Members = [.. Members, member] };
}

/// <param name="Incarnation">Which process of that name: a later start has a higher number, and nothing of the former's memory.</param>
/// <param name="Lease">Until when it counts as alive.</param>
/// <param name="JoinedAt">When it attached first.</param>
/// <param name="Reason">Why it was evicted; null otherwise.</param>
/// <param name="Until">When an evicted process may come back; null where it may not.</param>
/// <param name="Evictions">How often this process was evicted.</param>
public sealed record Member(
    WorkerId Worker, long Incarnation, WorkerCapabilities Capabilities, MemberStatus Status, Lease Lease, DateTimeOffset JoinedAt, string? Reason = null, DateTimeOffset? Until = null, int Evictions = 0);

/// <summary>
/// What a worker may do. Probing → Admitted → Draining; from each of them → Evicted. A worker whose lease is lost, or that
/// has left, is no member any more. A process leaves Evicted, to Probing, when its time is over; one whose numbers differ never does.
/// </summary>
public enum MemberStatus
{
    /// <summary>It runs the admission probe and gets no work.</summary>
    Probing,
    Admitted,

    /// <summary>It was asked to stop (SIGTERM): it hands over what it holds and gets no new work.</summary>
    Draining,

    /// <summary>It is refused; the reason stands beside.</summary>
    Evicted,
}

/// <summary>The admission probe's right answer under one numerics fingerprint.</summary>
/// <param name="Digest">Digest of the probe's results. The first worker of a fingerprint sets it, where the configuration does not.</param>
public sealed record ProbeReference(string Numerics, string Digest);
