using Atelier.Core.Fleet.Queue;

namespace Atelier.Core.Kubernetes;

/// <summary>Everything that a decision about one <c>TrainingRun</c> looks at.</summary>
/// <param name="Run">The object.</param>
/// <param name="Job">The Job of its name; null for none.</param>
/// <param name="Pods">Pods of that Job.</param>
/// <param name="Known">The run, as the coordinator knows it; null where it does not.</param>
/// <param name="CanInspect">Whether a worker is attached that can look at the data.</param>
/// <param name="Refusals">What was refused lately.</param>
public sealed record OperatorObservation(
    TrainingRun Run, JobObservation? Job, IReadOnlyList<PodObservation> Pods, RunObservation? Known, bool CanInspect, IReadOnlyList<Refusal> Refusals);

/// <summary>A Job.</summary>
/// <param name="OwnerUid">The object that controls it; empty for none.</param>
/// <param name="Parallelism">Pods that it keeps up.</param>
public sealed record JobObservation(string OwnerUid, int Parallelism)
{
    public bool IsSuspended { get; init; }

    public bool IsDeleting { get; init; }

    /// <summary>Whether all its pods have done their work.</summary>
    public bool IsComplete { get; init; }

    /// <summary>Since when it has failed; null where it has not.</summary>
    public DateTimeOffset? FailedSince { get; init; }

    /// <summary>Why it has failed, for people.</summary>
    public string Failure { get; init; } = "";
}

/// <summary>A pod.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsReady">Whether its worker is attached.</param>
public sealed record PodObservation(string Name, bool IsReady)
{
    /// <summary>Whether it has ended, well or not.</summary>
    public bool HasEnded { get; init; }

    /// <summary>Why it is not ready, as one word: Unschedulable, ImagePullBackOff, NodeLost, …; empty where nothing is known to be wrong.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Why, for people.</summary>
    public string Message { get; init; } = "";
}

/// <summary>A run of the coordinator.</summary>
/// <param name="Status">Its state.</param>
/// <param name="Reason">Why.</param>
/// <param name="Progress">How far it is.</param>
public sealed record RunObservation(RunStatus Status, string Reason, RunProgress Progress);

/// <summary>Something that was tried and refused; it is not tried again at once.</summary>
/// <param name="Step">What.</param>
/// <param name="Reason">Why, as one word.</param>
/// <param name="Message">Why, for people.</param>
/// <param name="At">When.</param>
/// <param name="Generation">The spec's generation then: a changed one is tried at once.</param>
public sealed record Refusal(OperatorStep Step, string Reason, string Message, DateTimeOffset At, long Generation);

/// <summary>What can be refused.</summary>
public enum OperatorStep
{
    /// <summary>The coordinator takes the run.</summary>
    Submission,

    /// <summary>Kubernetes takes the Job.</summary>
    Workers,

    /// <summary>The coordinator pauses, resumes, cancels or forgets the run.</summary>
    Command,
}
