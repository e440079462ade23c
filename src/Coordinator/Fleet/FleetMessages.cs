using Atelier.Core.Fleet.Membership;
using Atelier.Core.Fleet.Queue;
using Orleans;

namespace Atelier.Coordinator.Fleet;

// What goes between the fleet's grain and those who call it: records of names and numbers, as the silo's serializer needs them.

/// <summary>A worker's process.</summary>
/// <param name="Worker">The worker's name.</param>
/// <param name="Incarnation">Which process of that name.</param>
[GenerateSerializer, Immutable, Alias("atelier.worker-key")]
public sealed record WorkerKey([property: Id(0)] string Worker, [property: Id(1)] long Incarnation);

/// <summary>What a worker says of itself when it attaches.</summary>
/// <param name="Key">Its process.</param>
/// <param name="ProtocolVersion">The protocol that it speaks.</param>
/// <param name="Numerics">Digest of its numerics fingerprint.</param>
/// <param name="Device">The device, for people.</param>
/// <param name="MemoryBytes">Memory of the device.</param>
/// <param name="PeerAddress">Where other workers reach it.</param>
/// <param name="Host">The machine.</param>
/// <param name="IsEvaluator">Whether it computes evaluations only.</param>
/// <param name="OnlyRun">The one run that it serves; empty for any.</param>
[GenerateSerializer, Immutable, Alias("atelier.worker-card")]
public sealed record WorkerCard(
    [property: Id(0)] WorkerKey Key, [property: Id(1)] int ProtocolVersion, [property: Id(2)] string Numerics, [property: Id(3)] string Device, [property: Id(4)] long MemoryBytes, [property: Id(5)] string PeerAddress, [property: Id(6)] string Host, [property: Id(7)] bool IsEvaluator, [property: Id(8)] string OnlyRun);

/// <summary>What becomes of a worker that attaches.</summary>
[GenerateSerializer, Alias("atelier.join-verdict")]
public enum JoinVerdict
{
    /// <summary>It is no member; the reason says why.</summary>
    Refused,

    /// <summary>It was put out; the reason says why.</summary>
    Evicted,

    /// <summary>It has to run the admission probe.</summary>
    Probe,

    /// <summary>It gets work.</summary>
    Admitted,
}

/// <summary>The answer to a worker that attaches.</summary>
/// <param name="Verdict">What becomes of it.</param>
/// <param name="Reason">Why it is refused; empty otherwise.</param>
/// <param name="Session">Number of its stream, higher than those of all before it.</param>
/// <param name="RetryAfterSeconds">When an evicted worker may come back; 0 where it may not.</param>
[GenerateSerializer, Immutable, Alias("atelier.join-outcome")]
public sealed record JoinOutcome([property: Id(0)] JoinVerdict Verdict, [property: Id(1)] string Reason, [property: Id(2)] long Session, [property: Id(3)] double RetryAfterSeconds);

/// <summary>A worker that is no member any more.</summary>
/// <param name="Worker">Its name.</param>
/// <param name="Reason">Why.</param>
[GenerateSerializer, Immutable, Alias("atelier.dismissal")]
public sealed record Dismissal([property: Id(0)] string Worker, [property: Id(1)] string Reason);

/// <summary>What time has done.</summary>
/// <param name="Dismissed">Workers that are no members any more.</param>
/// <param name="Runs">Runs that may have something to do.</param>
[GenerateSerializer, Immutable, Alias("atelier.sweep-outcome")]
public sealed record SweepOutcome([property: Id(0)] List<Dismissal> Dismissed, [property: Id(1)] List<string> Runs);

/// <summary>A command of people.</summary>
[GenerateSerializer, Alias("atelier.run-command")]
public enum RunCommand
{
    /// <summary>Finish the iteration, save, stand still.</summary>
    Pause,

    /// <summary>Finish the iteration, save, end for good.</summary>
    Cancel,

    /// <summary>End for good, without what came after the last snapshot.</summary>
    Discard,
}

/// <summary>Where a run stands, as its grain knows.</summary>
/// <param name="Run">Its name.</param>
/// <param name="Status">Its state.</param>
/// <param name="Reason">Why it failed, or cannot get on at the moment; null otherwise.</param>
/// <param name="Held">Workers that it holds.</param>
/// <param name="SubmittedUnixMs">When the run was submitted that the grain knows: a later one of the same name is another.</param>
[GenerateSerializer, Immutable, Alias("atelier.run-standing")]
public sealed record RunStanding(
    [property: Id(0)] string Run, [property: Id(1)] RunStatus Status, [property: Id(2)] string? Reason, [property: Id(3)] List<string> Held, [property: Id(4)] long SubmittedUnixMs);

/// <summary>A live worker, as a run sees it.</summary>
/// <param name="Worker">Its name.</param>
/// <param name="Incarnation">Its process.</param>
/// <param name="MayServe">Whether the run may have it.</param>
/// <param name="PeerAddress">Where other workers reach it.</param>
/// <param name="Host">The machine.</param>
[GenerateSerializer, Immutable, Alias("atelier.live-row")]
public sealed record LiveRow([property: Id(0)] string Worker, [property: Id(1)] long Incarnation, [property: Id(2)] bool MayServe, [property: Id(3)] string PeerAddress, [property: Id(4)] string Host);

/// <summary>What a run needs to know of the fleet.</summary>
/// <param name="Intent">What people want of it.</param>
/// <param name="Live">All admitted or draining workers with a lease.</param>
[GenerateSerializer, Immutable, Alias("atelier.fleet-view")]
public sealed record FleetView([property: Id(0)] RunIntent Intent, [property: Id(1)] List<LiveRow> Live);

/// <summary>A run in the queue.</summary>
/// <param name="Details">As it was submitted.</param>
/// <param name="Status">Its state.</param>
/// <param name="Reason">Why it stands where it stands.</param>
/// <param name="ChangedUnixMs">When it came there.</param>
[GenerateSerializer, Immutable, Alias("atelier.queue-row")]
public sealed record QueueRow([property: Id(0)] RunDetails Details, [property: Id(1)] RunStatus Status, [property: Id(2)] string Reason, [property: Id(3)] long ChangedUnixMs);

/// <summary>A worker, for people.</summary>
/// <param name="Card">What it said of itself.</param>
/// <param name="Status">What it may do.</param>
/// <param name="Reason">Why it was evicted; empty otherwise.</param>
/// <param name="Run">The run that it has; empty for none.</param>
/// <param name="ReturnsUnixMs">When an evicted worker may come back; null where it may not, or is there.</param>
[GenerateSerializer, Immutable, Alias("atelier.worker-row")]
public sealed record WorkerRow(
    [property: Id(0)] WorkerCard Card, [property: Id(1)] MemberStatus Status, [property: Id(2)] string Reason, [property: Id(3)] string Run, [property: Id(4)] long? ReturnsUnixMs);

/// <summary>A worker that may compute parts of evaluations.</summary>
/// <param name="Key">Its process.</param>
/// <param name="Numerics">Digest of its numerics fingerprint.</param>
/// <param name="Run">The run that it trains; empty for one that is free.</param>
[GenerateSerializer, Immutable, Alias("atelier.evaluator-row")]
public sealed record EvaluatorRow([property: Id(0)] WorkerKey Key, [property: Id(1)] string Numerics, [property: Id(2)] string Run);

/// <summary>What evaluations need to know of the fleet.</summary>
/// <param name="Workers">Workers that may compute parts.</param>
/// <param name="Numerics">What each run computes under, where that is settled.</param>
[GenerateSerializer, Immutable, Alias("atelier.evaluation-view")]
public sealed record EvaluationView([property: Id(0)] List<EvaluatorRow> Workers, [property: Id(1)] Dictionary<string, string> Numerics);

/// <summary>How a run has ended.</summary>
/// <param name="Status">Its last state.</param>
/// <param name="Reason">Why, for people; empty for none.</param>
[GenerateSerializer, Immutable, Alias("atelier.run-end")]
public sealed record RunEnd([property: Id(0)] RunStatus Status, [property: Id(1)] string Reason);

/// <summary>What became of the leases of workers that were heard.</summary>
/// <param name="Strangers">Those that are no members of the fleet.</param>
/// <param name="Ended">How the runs ended that were asked about, of those that have.</param>
[GenerateSerializer, Immutable, Alias("atelier.renewed-leases")]
public sealed record RenewedLeases([property: Id(0)] List<WorkerKey> Strangers, [property: Id(1)] Dictionary<string, RunEnd> Ended);

/// <summary>A run as it was submitted, with its spec resolved.</summary>
[GenerateSerializer, Immutable, Alias("atelier.run-details")]
public sealed record RunDetails
{
    /// <summary>Its name.</summary>
    [Id(0)]
    public required string Run { get; init; }

    /// <summary>The whole resolved spec, as JSON.</summary>
    [Id(1)]
    public required string SpecJson { get; init; }

    /// <summary>Branch number.</summary>
    [Id(2)]
    public uint Branch { get; init; }

    /// <summary>The data set's path, as the workers see it.</summary>
    [Id(3)]
    public required string DataPath { get; init; }

    /// <summary>The run's folder or store, as coordinator and workers see it.</summary>
    [Id(4)]
    public required string Store { get; init; }

    /// <summary>A network file to start from; empty for none.</summary>
    [Id(5)]
    public string InitPath { get; init; } = "";

    /// <summary>Higher ones are served first.</summary>
    [Id(6)]
    public int Priority { get; init; }

    /// <summary>With fewer workers it waits.</summary>
    [Id(7)]
    public int MinWorkers { get; init; } = 1;

    /// <summary>More workers it does not take.</summary>
    [Id(8)]
    public int MaxWorkers { get; init; } = 1;

    /// <summary>Digest of the numerics of its newest snapshot; null where any will do.</summary>
    [Id(9)]
    public string? Numerics { get; init; }

    /// <summary>When it was submitted.</summary>
    [Id(10)]
    public long SubmittedUnixMs { get; init; }

    /// <summary>The span of its submission, as a `traceparent`; empty for none.</summary>
    [Id(11)]
    public string TraceParent { get; init; } = "";
}
