namespace Atelier.Core.Kubernetes;

/// <summary>What the operator says of a run: for people, and what it must know again after it has moved to another process.</summary>
public sealed record TrainingRunStatus
{
    /// <summary>The generation of the spec that this is about.</summary>
    public long ObservedGeneration { get; init; }

    /// <summary>Where the run stands.</summary>
    public TrainingRunPhase Phase { get; init; }

    /// <summary>Why, for people.</summary>
    public string Message { get; init; } = "";

    /// <summary>Progress, as the coordinator knows it; null before it knows the run.</summary>
    public RunProgress? Progress { get; init; }

    /// <summary>Whether the coordinator has taken the run.</summary>
    public bool IsSubmitted { get; init; }

    /// <summary>Whether the operator paused it, because <c>spec.suspend</c> said so.</summary>
    public bool IsSuspended { get; init; }

    /// <summary>Jobs of workers in a row that have failed.</summary>
    public int WorkerFailures { get; init; }

    /// <summary>When the last of them was replaced.</summary>
    public DateTimeOffset? WorkersReplaced { get; init; }

    /// <summary>When this was last written.</summary>
    public DateTimeOffset? Updated { get; init; }

    /// <summary>What holds and what does not, a condition a type.</summary>
    public IReadOnlyList<RunCondition> Conditions { get; init; } = [];

    /// <summary>A condition; null where nothing was said of it yet.</summary>
    public RunCondition? Condition(RunConditionType type) => Conditions.FirstOrDefault(condition => condition.Type == type);

    /// <summary>With a condition; its time stays where it holds as before.</summary>
    public TrainingRunStatus With(RunConditionType type, bool holds, string reason, string message, DateTimeOffset now)
    {
        var former = Condition(type);
        var condition = new RunCondition(type, holds, reason, message, former is not null && former.Holds == holds ? former.Since : now);
        return this with { Conditions = [.. Conditions.Where(other => other.Type != type), condition] };
    }
}

/// <summary>How far a run is.</summary>
/// <param name="Kimg">Thousands of images shown.</param>
/// <param name="TargetKimg">Thousands of images of the whole run.</param>
/// <param name="ImagesPerSecond">0 while it does not run.</param>
/// <param name="Generation">Number of the last generation of workers.</param>
/// <param name="Workers">Workers that compute.</param>
/// <param name="SnapshotKimg">The newest snapshot; null before the first.</param>
/// <param name="RemainingSeconds">At the present speed; null where there is none.</param>
public sealed record RunProgress(double Kimg, double TargetKimg, double ImagesPerSecond, long Generation, int Workers, double? SnapshotKimg, double? RemainingSeconds)
{
    /// <summary>Newest values of metrics, by name.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();
}

/// <summary>Where a run stands; a state of the coordinator's, or one before or after it.</summary>
public enum TrainingRunPhase
{
    /// <summary>The coordinator does not know it yet.</summary>
    Pending,

    /// <summary>Something in the spec cannot work.</summary>
    Invalid,
    Queued,
    Forming,
    Running,
    Halting,
    Paused,
    Completed,
    Failed,
    Cancelled,

    /// <summary>The object was deleted, and the run comes to its end.</summary>
    Deleting,
}

/// <summary>What conditions are about.</summary>
public enum RunConditionType
{
    /// <summary>The coordinator has taken the run.</summary>
    Accepted,

    /// <summary>As many workers of its own are ready as it needs.</summary>
    WorkersReady,

    /// <summary>It has all its images.</summary>
    Completed,
}

/// <summary>A condition.</summary>
/// <param name="Holds">Whether it holds.</param>
/// <param name="Reason">Why, as one word.</param>
/// <param name="Message">Why, for people.</param>
/// <param name="Since">Since when.</param>
public sealed record RunCondition(RunConditionType Type, bool Holds, string Reason, string Message, DateTimeOffset Since);
