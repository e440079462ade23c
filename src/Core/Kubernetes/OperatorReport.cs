using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Queue;

namespace Atelier.Core.Kubernetes;

/// <summary>What the operator says of a run.</summary>
internal static class OperatorReport
{
    private static readonly RunConditionType[] Order = Enum.GetValues<RunConditionType>();

    /// <summary>Of a run that goes its way.</summary>
    /// <param name="status">What must be remembered.</param>
    public static TrainingRunStatus Of(OperatorObservation seen, TrainingRunStatus status, OperatorSettings settings, DateTimeOffset now)
    {
        var (run, known) = (seen.Run, seen.Known);
        var phase = known is null ? PhaseBefore(status) : PhaseOf(known.Status);
        var refusal = Latest(seen, OperatorStep.Submission);
        var isInvalid = known is null && refusal is { Reason: nameof(TrainingRunPhase.Invalid) };
        var accepted = (known, refusal) switch
        {
            ({ }, _) => (true, "Submitted", "the coordinator has the run"),
            (null, { } refused) => (false, refused.Reason, refused.Message),
            _ when phase != TrainingRunPhase.Pending => (true, "Ended", "the run has ended and was deleted from the coordinator"),
            _ when run.Spec!.Suspend => (false, "Suspended", "spec.suspend is true"),
            _ => (false, "WaitingForWorkers", "waiting for a worker to read the data"),
        };
        var message = isInvalid ? refusal!.Message
            : known is { Reason.Length: > 0 } ? known.Reason
            : Latest(seen, OperatorStep.Command) is { } command ? command.Message
            : known is null && !accepted.Item1 ? accepted.Item3 : "";
        var next = status with
        {
            ObservedGeneration = run.Generation,
            Phase = isInvalid ? TrainingRunPhase.Invalid : phase,
            Message = message,
            Progress = known?.Progress ?? status.Progress,
        };
        next = next.With(RunConditionType.Accepted, accepted.Item1, accepted.Item2, accepted.Item3, now);
        if (run.Spec!.Workers is { } workers && Workers(seen, workers, phase) is { } ready)
            next = next.With(RunConditionType.WorkersReady, ready.Holds, ready.Reason, ready.Message, now);
        next = next.With(RunConditionType.Completed, phase == TrainingRunPhase.Completed, $"{next.Phase}", message, now);
        return Written(run.Status, next, settings, now);
    }

    /// <summary>Of a run whose spec cannot work.</summary>
    public static TrainingRunStatus Invalid(TrainingRun run, string why, OperatorSettings settings, DateTimeOffset now)
    {
        var next = run.Status with { ObservedGeneration = run.Generation, Phase = TrainingRunPhase.Invalid, Message = why };
        return Written(run.Status, next.With(RunConditionType.Accepted, false, "Invalid", why, now), settings, now);
    }

    /// <summary>Of a run whose object was deleted.</summary>
    public static TrainingRunStatus Deleting(OperatorObservation seen, OperatorSettings settings, DateTimeOffset now)
    {
        var message = Latest(seen, OperatorStep.Command)?.Message ?? (seen.Known is { } known ? $"the run is {RunLifecycle.NameOf(known.Status)}" : "");
        return Written(seen.Run.Status, seen.Run.Status with { Phase = TrainingRunPhase.Deleting, Message = message, Progress = seen.Known?.Progress ?? seen.Run.Status.Progress }, settings, now);
    }

    private static Refusal? Latest(OperatorObservation seen, OperatorStep step) =>
        seen.Refusals.LastOrDefault(refusal => refusal.Step == step && refusal.Generation == seen.Run.Generation);

    private static TrainingRunPhase PhaseBefore(TrainingRunStatus status) =>
        status.Phase is TrainingRunPhase.Completed or TrainingRunPhase.Failed or TrainingRunPhase.Cancelled ? status.Phase : TrainingRunPhase.Pending;

    private static TrainingRunPhase PhaseOf(RunStatus status) => status switch
    {
        RunStatus.Queued => TrainingRunPhase.Queued,
        RunStatus.Forming => TrainingRunPhase.Forming,
        RunStatus.Running => TrainingRunPhase.Running,
        RunStatus.Halting => TrainingRunPhase.Halting,
        RunStatus.Paused => TrainingRunPhase.Paused,
        RunStatus.Finished => TrainingRunPhase.Completed,
        RunStatus.Failed => TrainingRunPhase.Failed,
        RunStatus.Cancelled => TrainingRunPhase.Cancelled,
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "Unknown state of a run."),
    };

    private static (bool Holds, string Reason, string Message)? Workers(OperatorObservation seen, WorkerPods workers, TrainingRunPhase phase)
    {
        if (phase is TrainingRunPhase.Completed or TrainingRunPhase.Failed or TrainingRunPhase.Cancelled) return (false, "RunEnded", "the run and its workers have ended");
        if (seen.Job is not { } job)
        {
            return Latest(seen, OperatorStep.Workers) is { } refused ? (false, refused.Reason, refused.Message)
                : seen.Run.Spec!.Suspend && seen.Known is null ? (false, "Suspended", "spec.suspend is true")
                : (false, "NoJob", "no worker Job yet; creating one");
        }

        if (job.OwnerUid != seen.Run.Uid) return (false, "NameTaken", $"Job {seen.Run.Name} already exists and does not belong to this TrainingRun; delete it, or choose another name");
        if (job.FailedSince is not null) return (false, "JobFailed", $"{job.Failure}; replacing it with a new Job");
        if (job.IsSuspended) return (false, "Suspended", "the run is paused");
        var ready = seen.Pods.Count(pod => pod.IsReady);
        var trouble = seen.Pods.FirstOrDefault(pod => !pod.IsReady && !pod.HasEnded && pod.Reason.Length > 0);
        var text = $"{ready} of {Counted.Of(workers.Max, "worker")} ready{(trouble is null ? "" : $"; {trouble.Name}: {trouble.Reason}{(trouble.Message.Length > 0 ? $": {trouble.Message}" : "")}")}";
        return ready >= workers.Min ? (true, "WorkersReady", text) : (false, trouble?.Reason ?? "WorkersStarting", text);
    }

    /// <summary>News is written at once, progress now and then.</summary>
    private static TrainingRunStatus Written(TrainingRunStatus former, TrainingRunStatus next, OperatorSettings settings, DateTimeOffset now)
    {
        next = next with { Conditions = [.. next.Conditions.OrderBy(condition => Array.IndexOf(Order, condition.Type))] };
        var isNews = former with { Progress = null, Conditions = [] } != next with { Progress = null, Conditions = [] } || !former.Conditions.SequenceEqual(next.Conditions);
        var isDue = former.Updated is not { } updated || now - updated >= settings.ProgressInterval;
        var isProgress = former.Progress != next.Progress && !SameProgress(former.Progress, next.Progress);
        return isNews || (isProgress && isDue) ? next with { Updated = now } : former;
    }

    private static bool SameProgress(RunProgress? some, RunProgress? other) =>
        some is not null && other is not null && some with { Metrics = other.Metrics } == other && some.Metrics.Count == other.Metrics.Count
        && some.Metrics.All(metric => other.Metrics.TryGetValue(metric.Key, out var value) && value == metric.Value);
}
