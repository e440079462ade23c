namespace Atelier.Core.Fleet.Membership;

/// <summary>One worker of the fleet.</summary>
/// <param name="Worker">Its name.</param>
/// <param name="Incarnation">Which process of that name: a later start has a higher number, and nothing of the former's memory.</param>
/// <param name="Capabilities">What it said of itself.</param>
/// <param name="Status">What it may do.</param>
/// <param name="Lease">Until when it counts as alive.</param>
/// <param name="JoinedAt">When it attached first.</param>
/// <param name="Reason">Why it was evicted; null otherwise.</param>
public sealed record Member(
    WorkerId Worker, long Incarnation, WorkerCapabilities Capabilities, MemberStatus Status, Lease Lease, DateTimeOffset JoinedAt, string? Reason = null);
