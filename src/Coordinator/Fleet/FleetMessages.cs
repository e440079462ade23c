using Orleans;

namespace Atelier.Coordinator.Fleet;

// What goes between the fleet's grain and those who call it: records of names and numbers, as the silo's serializer needs them.

/// <summary>A worker's process.</summary>
/// <param name="Worker">The worker's name.</param>
/// <param name="Incarnation">Which process of that name.</param>
[GenerateSerializer]
public sealed record WorkerKey(string Worker, long Incarnation);

/// <summary>What a worker says of itself when it attaches.</summary>
/// <param name="Key">Its process.</param>
/// <param name="ProtocolVersion">The protocol that it speaks.</param>
/// <param name="Numerics">Digest of its numerics fingerprint.</param>
/// <param name="Device">The device, for people.</param>
/// <param name="MemoryBytes">Memory of the device.</param>
/// <param name="PeerAddress">Where other workers reach it.</param>
/// <param name="Host">The machine.</param>
/// <param name="IsEvaluator">Whether it computes evaluations only.</param>
[GenerateSerializer]
public sealed record WorkerCard(WorkerKey Key, int ProtocolVersion, string Numerics, string Device, long MemoryBytes, string PeerAddress, string Host, bool IsEvaluator);

/// <summary>What becomes of a worker that attaches.</summary>
[GenerateSerializer]
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
[GenerateSerializer]
public sealed record JoinOutcome(JoinVerdict Verdict, string Reason);

/// <summary>A worker that is no member any more.</summary>
/// <param name="Worker">Its name.</param>
/// <param name="Reason">Why.</param>
[GenerateSerializer]
public sealed record Dismissal(string Worker, string Reason);

/// <summary>What time has done.</summary>
/// <param name="Dismissed">Workers that are no members any more.</param>
/// <param name="Runs">Runs that may have something to do.</param>
[GenerateSerializer]
public sealed record SweepOutcome(List<Dismissal> Dismissed, List<string> Runs);

/// <summary>A command of people.</summary>
[GenerateSerializer]
public enum RunCommand
{
    /// <summary>Finish the iteration, save, stand still.</summary>
    Pause,

    /// <summary>End for good.</summary>
    Cancel,
}

/// <summary>Where a run stands, as its grain knows.</summary>
/// <param name="Run">Its name.</param>
/// <param name="Status">Its state's name.</param>
/// <param name="Failure">Why it failed; null otherwise.</param>
/// <param name="Held">Workers that it holds.</param>
[GenerateSerializer]
public sealed record RunStanding(string Run, string Status, string? Failure, List<string> Held);

/// <summary>A live worker, as a run sees it.</summary>
/// <param name="Worker">Its name.</param>
/// <param name="Incarnation">Its process.</param>
/// <param name="MayServe">Whether the run may have it.</param>
/// <param name="PeerAddress">Where other workers reach it.</param>
/// <param name="Host">The machine.</param>
[GenerateSerializer, Immutable]
public sealed record LiveRow(string Worker, long Incarnation, bool MayServe, string PeerAddress, string Host);

/// <summary>What a run needs to know of the fleet.</summary>
/// <param name="Intent">What people want of it.</param>
/// <param name="Live">All admitted or draining workers with a lease.</param>
[GenerateSerializer]
public sealed record FleetView(string Intent, List<LiveRow> Live);

/// <summary>A run in the queue.</summary>
/// <param name="Details">As it was submitted.</param>
/// <param name="Status">Its state's name.</param>
/// <param name="Reason">Why it stands where it stands.</param>
/// <param name="ChangedUnixMs">When it came there.</param>
[GenerateSerializer]
public sealed record QueueRow(RunDetails Details, string Status, string Reason, long ChangedUnixMs);

/// <summary>A worker, for people.</summary>
/// <param name="Card">What it said of itself.</param>
/// <param name="Status">What it may do.</param>
/// <param name="Reason">Why it was evicted; empty otherwise.</param>
[GenerateSerializer]
public sealed record WorkerRow(WorkerCard Card, string Status, string Reason);

/// <summary>A worker that may compute parts of evaluations.</summary>
/// <param name="Key">Its process.</param>
/// <param name="Numerics">Digest of its numerics fingerprint.</param>
/// <param name="Run">The run that it trains; empty for one that is free.</param>
[GenerateSerializer, Immutable]
public sealed record EvaluatorRow(WorkerKey Key, string Numerics, string Run);

/// <summary>What evaluations need to know of the fleet.</summary>
/// <param name="Workers">Workers that may compute parts.</param>
/// <param name="Numerics">What each run computes under, where that is settled.</param>
[GenerateSerializer]
public sealed record EvaluationView(List<EvaluatorRow> Workers, Dictionary<string, string> Numerics);
