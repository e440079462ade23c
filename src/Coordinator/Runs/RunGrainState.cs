using Atelier.Coordinator.Evaluations;
using Atelier.Coordinator.Storage;
using Atelier.Core.Alerts;
using Atelier.Core.Evaluations;
using Atelier.Core.Fleet.Generations;

namespace Atelier.Coordinator.Runs;

/// <summary>What a run's grain stores. What is to be done to the run's store stands here before it is done, and until it is.</summary>
public sealed class RunGrainState : EpochState
{
    /// <summary>When the run was submitted whose state this is; null before the first.</summary>
    public long? SubmittedUnixMs { get; set; }

    /// <summary>The protocol; null until the run's store has been read first.</summary>
    public GenerationState? Generation { get; set; }

    /// <summary>An iteration whose image count is known: that of the snapshot which the run goes on from.</summary>
    public long BaseIteration { get; set; }

    /// <summary>Images shown by then.</summary>
    public long BaseImages { get; set; }

    /// <summary>Names of the snapshots to start from, by iteration.</summary>
    public Dictionary<long, string> Snapshots { get; set; } = [];

    /// <summary>Image count of the newest snapshot; null before the first.</summary>
    public long? SnapshotImages { get; set; }

    /// <summary>Metrics that were asked for and are not known yet.</summary>
    public List<EvaluationId> Measuring { get; set; } = [];

    /// <summary>Metrics that are known, and are to be recorded in the store.</summary>
    public List<EvaluationResult> Recording { get; set; } = [];

    /// <summary>Snapshots whose value of the first metric is still to be judged, in the order in which it will be: that of training.</summary>
    public List<string> Unjudged { get; set; } = [];

    /// <summary>The run's branch, if it has gone back to a snapshot here.</summary>
    public uint Branch { get; set; }

    /// <summary>How often it has gone back.</summary>
    public int Rollbacks { get; set; }

    /// <summary>The rollback under way; null for none.</summary>
    public Rollback? RollingBack { get; set; }

    /// <summary>Gradients stayed non-finite: whether the run goes back or stops is still to be found out; null for nothing.</summary>
    public NonFiniteStop? NonFinite { get; set; }

    /// <summary>Snapshots that are to be deleted, because they hold a state on which workers did not agree.</summary>
    public List<string> Discarding { get; set; } = [];

    /// <summary>Members of the last generations, by number: who writes slices of their snapshots.</summary>
    public Dictionary<long, GenerationWriters> Writers { get; set; } = [];

    /// <summary>What writers have told of slices whose snapshots are not decided yet, by attempt.</summary>
    public Dictionary<long, List<SliceNote>> Slices { get; set; } = [];

    /// <summary>Number of the last note of each worker's process, by name and incarnation.</summary>
    public Dictionary<string, long> HeardNotes { get; set; } = [];

    /// <summary>The span of the last generation, as a `traceparent`; empty for none.</summary>
    public string Trace { get; set; } = "";

    /// <summary>The alerts that the run has.</summary>
    public List<ActiveAlert> Alerts { get; set; } = [];

    /// <summary>When a phase was committed last, or the run was to go on from a standstill; null while it is not to go on.</summary>
    public DateTimeOffset? MovedAt { get; set; }

    /// <summary>When generations ended because of a worker, in the last minutes.</summary>
    public List<DateTimeOffset> Losses { get; set; } = [];

    /// <summary>When workers last had different states; null for never.</summary>
    public DateTimeOffset? DisagreedAt { get; set; }

    /// <summary>Newest values of metrics, by name.</summary>
    public Dictionary<string, double> Measured { get; set; } = [];

    /// <summary>Best values of metrics, by name.</summary>
    public Dictionary<string, double> Best { get; set; } = [];

    /// <summary>The last events.</summary>
    public RunEventsState Events { get; set; } = new();
}

/// <summary>Who writes the snapshots of a generation.</summary>
/// <param name="Lineage">The lineage of its states.</param>
/// <param name="Members">Its members, in rank order: a slice each.</param>
public sealed record GenerationWriters(int Lineage, List<GenerationMember> Members);

/// <summary>A run goes back to a snapshot, under the number of a new branch.</summary>
/// <param name="Target">The snapshot.</param>
/// <param name="Branch">The new branch.</param>
/// <param name="Reason">Why.</param>
public sealed record Rollback(string Target, uint Branch, string Reason);

/// <summary>A worker stopped because gradients stayed non-finite.</summary>
/// <param name="Kimg">Where.</param>
/// <param name="Text">What it said.</param>
public sealed record NonFiniteStop(double Kimg, string Text);
