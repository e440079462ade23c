namespace Atelier.Core.Fleet.Membership;

/// <summary>Who belongs to the fleet.</summary>
public static class MembershipPolicy
{
    /// <summary>
    /// A worker attaches. The process that is a member already goes on where it was (its stream broke, or the coordinator
    /// restarted); a new process has to pass the probe.
    /// </summary>
    /// <param name="incarnation">Which process of that name; a later start has a higher number.</param>
    public static FleetDecision Join(FleetState state, WorkerId worker, long incarnation, WorkerCapabilities capabilities, FleetSettings settings, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(capabilities);
        if (capabilities.ProtocolVersion != FleetSettings.CurrentProtocol)
            return new(state, [new Refuse(worker,
                $"the worker uses protocol version {capabilities.ProtocolVersion}, but this coordinator uses {FleetSettings.CurrentProtocol}; run the same version of Atelier on both")]);
        var former = state.Find(worker);
        if (former is not null && incarnation < former.Incarnation)
            return new(state, [new Refuse(worker, $"a newer process named {worker} has attached; give each worker its own name")]);
        if (former is not null && incarnation == former.Incarnation)
            return former is { Status: MemberStatus.Evicted, Until: { } until } && now >= until
                ? new(state.With(former with { Capabilities = capabilities, Status = MemberStatus.Probing, Lease = LeaseFrom(settings, now), JoinedAt = now, Until = null }), [new StartProbe(worker)])
                : former.Status == MemberStatus.Evicted
                ? new(state, [new Refuse(worker, $"{worker} was evicted: {former.Reason}", IsEvicted: true, former.Until)])
                : new(state.With(former with { Capabilities = capabilities, Lease = LeaseFrom(settings, now) }),
                    [former.Status == MemberStatus.Probing ? new StartProbe(worker) : new Welcome(worker)]);
        return new(
            state.With(new(worker, incarnation, capabilities, MemberStatus.Probing, LeaseFrom(settings, now), now)),
            [new StartProbe(worker)]);
    }

    /// <summary>Something was heard from workers. Nothing happens for a process that is no member.</summary>
    /// <param name="state">The fleet.</param>
    /// <param name="heard">The workers, with their incarnations.</param>
    /// <param name="settings">How long a lease is.</param>
    /// <param name="now">The time.</param>
    public static FleetState Renew(FleetState state, IReadOnlyDictionary<WorkerId, long> heard, FleetSettings settings, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(heard);
        ArgumentNullException.ThrowIfNull(settings);
        var lease = LeaseFrom(settings, now);
        // Time may step back where another coordinator takes over; a lease is never cut short by that.
        bool IsDue(Member member) =>
            member.Status != MemberStatus.Evicted && member.Lease.Until < lease.Until && heard.TryGetValue(member.Worker, out var incarnation) && incarnation == member.Incarnation;
        return state.Members.Any(IsDue) ? state with { Members = [.. state.Members.Select(member => IsDue(member) ? member with { Lease = lease } : member)] } : state;
    }

    /// <summary>Whether a process is one of the fleet.</summary>
    public static bool IsMember(FleetState state, WorkerId worker, long incarnation)
    {
        ArgumentNullException.ThrowIfNull(state);
        return Current(state, worker, incarnation) is not null;
    }

    /// <summary>
    /// A worker's stream ended without a word. A process that lives attaches again at once, so that the rest of the lease
    /// need not be waited for.
    /// </summary>
    public static FleetState StreamEnded(FleetState state, WorkerId worker, long incarnation, FleetSettings settings, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(settings);
        return Current(state, worker, incarnation) is { } member && member.Lease.Until > now + settings.ReattachPatience
            ? state.With(member with { Lease = new(now + settings.ReattachPatience) })
            : state;
    }

    /// <summary>The admission probe's verdict.</summary>
    public static FleetDecision Probed(FleetState state, WorkerId worker, long incarnation, string digest)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (Current(state, worker, incarnation) is not { Status: MemberStatus.Probing } member) return new(state, []);
        var reference = state.Probes.FirstOrDefault(probe => probe.Numerics == member.Capabilities.Numerics);
        if (reference is not null && reference.Digest != digest)
            return Ban(state, worker, $"its admission probe gave {digest} instead of {reference.Digest}: it would not compute the same bits as other workers");
        var probes = reference is null ? [.. state.Probes, new ProbeReference(member.Capabilities.Numerics, digest)] : state.Probes;
        return new((state with { Probes = probes }).With(member with { Status = MemberStatus.Admitted }), [new Welcome(worker)]);
    }

    /// <summary>A worker was asked to stop and hands over. One that is still probing has nothing to hand over, and just goes.</summary>
    public static FleetState Drain(FleetState state, WorkerId worker, long incarnation)
    {
        ArgumentNullException.ThrowIfNull(state);
        return Current(state, worker, incarnation) is { Status: MemberStatus.Admitted } member ? state.With(member with { Status = MemberStatus.Draining }) : state;
    }

    /// <summary>A worker goes, having handed over what it held.</summary>
    public static FleetState Leave(FleetState state, WorkerId worker, long incarnation)
    {
        ArgumentNullException.ThrowIfNull(state);
        return Current(state, worker, incarnation) is { } member
            ? state with { Members = [.. state.Members.Where(other => other != member)] }
            : state;
    }

    /// <summary>A worker is put out, by a decision of this or another policy or by a person. It may come back after a while, which is longer each time.</summary>
    /// <param name="reason">Why, as a clause after the worker's name and a colon.</param>
    /// <param name="isBan">Whether this process may never come back: its numbers differ.</param>
    public static FleetDecision Evict(FleetState state, WorkerId worker, string reason, bool isBan, FleetSettings settings, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(settings);
        if (isBan) return Ban(state, worker, reason);
        if (state.Find(worker) is not { } member || member.Status == MemberStatus.Evicted) return new(state, []);
        var pause = settings.EvictedFor * Math.Pow(2, Math.Min(member.Evictions, 16));
        var until = now + (pause < settings.EvictedAtMost ? pause : settings.EvictedAtMost);
        return Put(state, member with { Status = MemberStatus.Evicted, Reason = reason, Until = until, Evictions = member.Evictions + 1 }, reason);
    }

    private static FleetDecision Ban(FleetState state, WorkerId worker, string reason) =>
        state.Find(worker) is { } member && member is not { Status: MemberStatus.Evicted, Until: null }
            ? Put(state, member with { Status = MemberStatus.Evicted, Reason = reason, Until = null }, reason)
            : new(state, []);

    private static FleetDecision Put(FleetState state, Member evicted, string reason) => new(state.With(evicted), [new Dismiss(evicted.Worker, reason)]);

    /// <summary>What time has done: leases that ran out, probes that took too long, evictions that are old.</summary>
    public static FleetDecision Sweep(FleetState state, FleetSettings settings, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(settings);
        var actions = new List<FleetAction>();
        foreach (var member in state.Members)
        {
            if (member.Status == MemberStatus.Evicted)
            {
                if (now - member.Lease.Until > settings.EvictedShownFor) Remove(member);
            }
            else if (!member.Lease.IsHeldAt(now))
            {
                Remove(member);
                actions.Add(new Dismiss(member.Worker, $"no heartbeat for {settings.LeaseLength.TotalSeconds} s"));
            }
            else if (member.Status == MemberStatus.Probing && now - member.JoinedAt > settings.ProbeDeadline)
            {
                var eviction = Evict(state, member.Worker, $"its admission probe took over {settings.ProbeDeadline.TotalSeconds} s", isBan: false, settings, now);
                (state, actions) = (eviction.State, [.. actions, .. eviction.Actions]);
            }
        }

        return new(state, actions);

        void Remove(Member gone) => state = state with { Members = [.. state.Members.Where(member => member != gone)] };
    }

    private static Member? Current(FleetState state, WorkerId worker, long incarnation) =>
        state.Find(worker) is { } member && member.Incarnation == incarnation && member.Status != MemberStatus.Evicted ? member : null;

    private static Lease LeaseFrom(FleetSettings settings, DateTimeOffset now) => new(now + settings.LeaseLength);
}

/// <summary>The fleet's deadlines and the protocol that it speaks.</summary>
public sealed record FleetSettings
{
    /// <summary>The protocol's version; a worker of another one is refused.</summary>
    public const int CurrentProtocol = 3;

    /// <summary>So often a worker renews the default lease: four times in it.</summary>
    public static readonly TimeSpan DefaultRenewal = Lease.DefaultLength / 4;

    /// <summary>How long a worker may be silent.</summary>
    public TimeSpan LeaseLength { get; init; } = Lease.DefaultLength;

    /// <summary>How long a worker whose stream ended may take to attach again; at most the lease.</summary>
    public TimeSpan ReattachPatience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the admission probe may take.</summary>
    public TimeSpan ProbeDeadline { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a process that was evicted first may not come back.</summary>
    public TimeSpan EvictedFor { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one that was evicted often may not come back.</summary>
    public TimeSpan EvictedAtMost { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long an evicted worker stays on the list, for people to see and to refuse its process.</summary>
    public TimeSpan EvictedShownFor { get; init; } = TimeSpan.FromDays(1);

    /// <summary>So many ended runs are known at most; the stores of older ones have all that they were.</summary>
    public int EndedRunsKnown { get; init; } = 200;
}

/// <summary>What follows from an observation: the new state, to be kept first, and then the effects.</summary>
/// <param name="Actions">Effects, in order.</param>
public sealed record FleetDecision(FleetState State, IReadOnlyList<FleetAction> Actions);

/// <summary>An effect that a decision on membership asks for.</summary>
public abstract record FleetAction(WorkerId Worker);

/// <summary>Ask the worker to run the admission probe.</summary>
public sealed record StartProbe(WorkerId Worker) : FleetAction(Worker);

/// <summary>Tell the worker that it is admitted.</summary>
public sealed record Welcome(WorkerId Worker) : FleetAction(Worker);

/// <summary>End the worker's stream with a reason; it is no member.</summary>
/// <param name="IsEvicted">Whether this very process was put out before.</param>
/// <param name="Until">When an evicted process may come back; null where it may not.</param>
public sealed record Refuse(WorkerId Worker, string Reason, bool IsEvicted = false, DateTimeOffset? Until = null) : FleetAction(Worker);

/// <summary>Write into the event log that the worker's lease ran out or that it was evicted, and end its stream.</summary>
/// <param name="Reason">Why it is no member any more.</param>
public sealed record Dismiss(WorkerId Worker, string Reason) : FleetAction(Worker);
