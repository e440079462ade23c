using Atelier.Coordinator.Evaluations;
using Atelier.Coordinator.Fleet;
using Atelier.Core.Fleet.Membership;
using Atelier.Core.Specs;
using Atelier.Protos;
using RunStatus = Atelier.Core.Fleet.Queue.RunStatus;

namespace Atelier.Coordinator.Runs;

/// <summary>What the grains know, as messages to people.</summary>
internal static class PeopleMessages
{
    /// <summary>A run as it was submitted.</summary>
    public static Run Of(RunDetails details) => new()
    {
        Run_ = details.Run,
        Priority = details.Priority,
        MinWorkers = details.MinWorkers,
        MaxWorkers = details.MaxWorkers,
        SpecJson = details.SpecJson,
        SubmittedUnixMs = details.SubmittedUnixMs,
        TargetImages = RunSpecJson.Read(details.SpecJson, "the spec").Total.Images,
    };

    /// <summary>Where a run's files are.</summary>
    public static RunPlaces PlacesOf(RunDetails details) => new() { DataPath = details.DataPath, RunStore = details.Store, InitPath = details.InitPath };

    /// <summary>Why a run stands where it stands: what its generation is for says something only while it does something about it.</summary>
    public static string ReasonOf(QueueRow row, RunFacts facts) =>
        row.Reason.Length > 0 || row.Status is not (RunStatus.Queued or RunStatus.Forming or RunStatus.Halting) ? row.Reason : facts.Reason;

    /// <summary>A run's state.</summary>
    public static Protos.RunStatus Of(RunStatus status) => status switch
    {
        RunStatus.Queued => Protos.RunStatus.Queued,
        RunStatus.Forming => Protos.RunStatus.Forming,
        RunStatus.Running => Protos.RunStatus.Running,
        RunStatus.Halting => Protos.RunStatus.Halting,
        RunStatus.Paused => Protos.RunStatus.Paused,
        RunStatus.Finished => Protos.RunStatus.Finished,
        RunStatus.Failed => Protos.RunStatus.Failed,
        RunStatus.Cancelled => Protos.RunStatus.Cancelled,
        _ => Protos.RunStatus.Unspecified,
    };

    /// <summary>An event.</summary>
    public static RunEvent Of(EventRow happened) => new() { Number = happened.Number, AtUnixMs = happened.AtUnixMs, Json = happened.Json, Text = happened.Text };

    /// <summary>A metric that is being measured.</summary>
    public static Evaluation Of(EvaluationRow evaluation) => new()
    {
        Metric = evaluation.Id.Metric,
        Snapshot = evaluation.Id.Snapshot,
        SamplesDone = evaluation.SamplesDone,
        Samples = evaluation.Samples,
    };

    /// <summary>A worker.</summary>
    public static Worker Of(WorkerRow row)
    {
        var worker = new Worker
        {
            Name = row.Card.Key.Worker,
            // What follows the machine's name says which of its processes share memory.
            Host = row.Card.Host.Split('/')[0],
            Device = row.Card.Device,
            Status = Of(row.Status),
            Run = row.Run,
            Reason = row.Reason,
            IsEvaluator = row.Card.IsEvaluator,
            MemoryBytes = row.Card.MemoryBytes,
            NumericsSha256 = row.Card.Numerics,
        };
        if (row.ReturnsUnixMs is { } returns) worker.ReturnsUnixMs = returns;
        return worker;
    }

    private static WorkerStatus Of(MemberStatus status) => status switch
    {
        MemberStatus.Probing => WorkerStatus.Probing,
        MemberStatus.Admitted => WorkerStatus.Ready,
        MemberStatus.Draining => WorkerStatus.Draining,
        MemberStatus.Evicted => WorkerStatus.Evicted,
        _ => WorkerStatus.Unspecified,
    };
}
