namespace Atelier.Core.Fleet.Membership;

/// <summary>The fleet's deadlines and the protocol that it speaks.</summary>
public sealed record FleetSettings
{
    /// <summary>The protocol's version; a worker of another one is refused.</summary>
    public const int CurrentProtocol = 2;

    /// <summary>So often a worker renews the default lease: four times in it.</summary>
    public static readonly TimeSpan DefaultRenewal = Lease.DefaultLength / 4;

    /// <summary>How long a worker may be silent.</summary>
    public TimeSpan LeaseLength { get; init; } = Lease.DefaultLength;

    /// <summary>How long a worker whose stream ended may take to attach again; at most the lease.</summary>
    public TimeSpan ReattachPatience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the admission probe may take.</summary>
    public TimeSpan ProbeDeadline { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long an evicted worker stays on the list, for people to see and to refuse its process.</summary>
    public TimeSpan EvictedShownFor { get; init; } = TimeSpan.FromDays(1);
}
