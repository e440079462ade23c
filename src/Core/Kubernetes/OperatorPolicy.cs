using Atelier.Core.Fleet.Queue;

namespace Atelier.Core.Kubernetes;

/// <summary>Times of the operator.</summary>
public sealed record OperatorSettings
{
    /// <summary>How long what was refused is left alone.</summary>
    public TimeSpan RefusedPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the first failed Job of workers stands; the next ones stand twice as long each.</summary>
    public TimeSpan FirstReplacement { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long it stands at most.</summary>
    public TimeSpan LastReplacement { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>After so long without another failure the next one is the first again.</summary>
    public TimeSpan FailuresForgotten { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How often progress alone is written.</summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>
/// What is to be done about one <c>TrainingRun</c>, from what is there now: no event is needed, so that none can be missed, and a pass that
/// was cut off is simply made again.
/// </summary>
public static class OperatorPolicy
{
    /// <summary>Decides.</summary>
    public static OperatorDecision Decide(OperatorObservation seen, OperatorSettings settings, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(seen);
        ArgumentNullException.ThrowIfNull(settings);
        var run = seen.Run;
        if (run.IsDeleting) return Delete(seen, settings, now);
        // Nothing is made for an object that could vanish without being asked.
        if (!run.HasFinalizer) return new([new OperatorAction.AddFinalizer()], run.Status);
        var problems = run.Spec is { } spec ? spec.Problems(run.Name).ToList() : [run.Unreadable];
        if (problems.Count > 0) return new([], OperatorReport.Invalid(run, string.Join(" ", problems), settings, now));
        var pass = new Pass(seen, run.Spec!, settings, now);
        OperatorAction?[] actions = [pass.ForTheRun(), pass.ForTheJob()];
        return new([.. actions.OfType<OperatorAction>()], OperatorReport.Of(seen, pass.Status, settings, now));
    }

    private static OperatorDecision Delete(OperatorObservation seen, OperatorSettings settings, DateTimeOffset now)
    {
        if (!seen.Run.HasFinalizer) return new([], seen.Run.Status);
        // A spec that cannot be read has made nothing.
        var policy = seen.Run.Spec?.OnDelete ?? DeletionPolicy.Keep;
        var isRefused = IsRefused(seen, OperatorStep.Command, settings, now);
        OperatorAction? action = seen.Known?.Status switch
        {
            // The Job belongs to the object and goes with it.
            null => new OperatorAction.RemoveFinalizer(),
            _ when policy == DeletionPolicy.Keep => new OperatorAction.RemoveFinalizer(),
            _ when isRefused => null,
            { } status when RunLifecycle.HasEnded(status) => new OperatorAction.Forget(),
            _ => new OperatorAction.Cancel(policy == DeletionPolicy.Discard),
        };
        return new(action is null ? [] : [action], OperatorReport.Deleting(seen, settings, now));
    }

    private static bool IsRefused(OperatorObservation seen, OperatorStep step, OperatorSettings settings, DateTimeOffset now) =>
        seen.Refusals.Any(refusal => refusal.Step == step && refusal.Generation == seen.Run.Generation && now < refusal.At + settings.RefusedPause);

    private sealed class Pass(OperatorObservation seen, TrainingRunSpec spec, OperatorSettings settings, DateTimeOffset now)
    {
        /// <summary>The status, with what the operator must remember.</summary>
        public TrainingRunStatus Status { get; private set; } = seen.Run.Status with { IsSubmitted = seen.Run.Status.IsSubmitted || seen.Known is not null };

        public OperatorAction? ForTheRun()
        {
            if (seen.Known is not { } known)
            {
                // Whoever deletes an ended run from the coordinator does not want it to begin anew.
                if (HasEnded || (spec.Suspend && !Status.IsSubmitted) || IsRefused(seen, OperatorStep.Submission, settings, now)) return null;
                return spec.Workers is null || seen.CanInspect ? new OperatorAction.Submit() : null;
            }

            if (IsRefused(seen, OperatorStep.Command, settings, now)) return null;
            if (spec.Suspend && RunLifecycle.WantsWorkers(known.Status))
            {
                Status = Status with { IsSuspended = true };
                return new OperatorAction.Pause();
            }

            // A run that a person, or its `patience`, has paused stays so.
            if (spec.Suspend || !Status.IsSuspended) return null;
            Status = Status with { IsSuspended = false };
            return known.Status is RunStatus.Paused or RunStatus.Halting ? new OperatorAction.Resume() : null;
        }

        public OperatorAction? ForTheJob()
        {
            if (spec.Workers is not { } workers || !WantsWorkers) return null;
            var isSuspended = seen.Known?.Status == RunStatus.Paused;
            return seen.Job switch
            {
                null => IsRefused(seen, OperatorStep.Workers, settings, now) ? null : new OperatorAction.CreateJob(isSuspended),
                { } job when job.OwnerUid != seen.Run.Uid || job.IsDeleting => null,
                // It ended with a run that was resumed since.
                { IsComplete: true } => new OperatorAction.DeleteJob(),
                { FailedSince: { } since } => Replace(since),
                { } job when job.Parallelism != workers.Max => new OperatorAction.ScaleJob(workers.Max),
                { } job when job.IsSuspended != isSuspended => new OperatorAction.SuspendJob(isSuspended),
                _ => null,
            };
        }

        private bool HasEnded => Status.Phase is TrainingRunPhase.Completed or TrainingRunPhase.Failed or TrainingRunPhase.Cancelled;

        private bool WantsWorkers => seen.Known is { } known ? !RunLifecycle.HasEnded(known.Status) : !HasEnded && !(spec.Suspend && !Status.IsSubmitted);

        private OperatorAction.DeleteJob? Replace(DateTimeOffset since)
        {
            var failures = Status.WorkersReplaced is { } replaced && now - replaced < settings.FailuresForgotten ? Status.WorkerFailures : 0;
            var wait = TimeSpan.FromTicks(Math.Min(settings.LastReplacement.Ticks, settings.FirstReplacement.Ticks << Math.Min(failures, 20)));
            if (now - since < wait) return null;
            Status = Status with { WorkerFailures = failures + 1, WorkersReplaced = now };
            return new();
        }
    }
}

/// <summary>What is to be done.</summary>
/// <param name="Actions">In this order.</param>
/// <param name="Status">What is said of the run from here on.</param>
public sealed record OperatorDecision(IReadOnlyList<OperatorAction> Actions, TrainingRunStatus Status);

/// <summary>Something that the operator does; each may be done twice.</summary>
public abstract record OperatorAction
{
    private OperatorAction()
    {
    }

    public sealed record AddFinalizer : OperatorAction;

    public sealed record RemoveFinalizer : OperatorAction;

    /// <summary>Gives the run to the coordinator.</summary>
    public sealed record Submit : OperatorAction;

    public sealed record Pause : OperatorAction;

    public sealed record Resume : OperatorAction;

    /// <param name="Discards">Whether what came after the newest snapshot is given up.</param>
    public sealed record Cancel(bool Discards) : OperatorAction;

    /// <summary>Has the coordinator forget an ended run.</summary>
    public sealed record Forget : OperatorAction;

    /// <summary>Makes the Job of its workers.</summary>
    /// <param name="IsSuspended">Whether it has no pods for now.</param>
    public sealed record CreateJob(bool IsSuspended) : OperatorAction;

    /// <summary>Deletes the Job, so that another one can take its place.</summary>
    public sealed record DeleteJob : OperatorAction;

    public sealed record ScaleJob(int Workers) : OperatorAction;

    public sealed record SuspendJob(bool IsSuspended) : OperatorAction;
}
