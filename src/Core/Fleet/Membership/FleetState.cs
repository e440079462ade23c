namespace Atelier.Core.Fleet.Membership;

/// <summary>The fleet as the coordinator knows it.</summary>
/// <param name="Members">Members in the order in which they joined, evicted ones included.</param>
/// <param name="Probes">The probe's right answers.</param>
public sealed record FleetState(IReadOnlyList<Member> Members, IReadOnlyList<ProbeReference> Probes)
{
    /// <summary>A fleet without workers.</summary>
    public static FleetState Empty { get; } = new([], []);

    /// <summary>A member by name, or null.</summary>
    /// <param name="worker">Its name.</param>
    public Member? Find(WorkerId worker) => Members.FirstOrDefault(member => member.Worker == worker);

    /// <summary>Members that hold state or may be given work: admitted and draining ones with a lease.</summary>
    /// <param name="now">The coordinator's time.</param>
    public IEnumerable<Member> Live(DateTimeOffset now) =>
        Members.Where(member => member.Status is MemberStatus.Admitted or MemberStatus.Draining && member.Lease.IsHeldAt(now));

    internal FleetState With(Member member) => Find(member.Worker) is { } former
        ? this with { Members = [.. Members.Select(other => ReferenceEquals(other, former) ? member : other)] }
        : this with { Members = [.. Members, member] };
}
