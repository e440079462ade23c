using Atelier.Coordinator.Evaluations;
using Atelier.Coordinator.Storage;
using Atelier.Core.Fleet.Generations;

namespace Atelier.Coordinator.Runs;

/// <summary>What a run's grain stores.</summary>
public sealed class RunGrainState : EpochState
{
    /// <summary>The protocol; null until the run is looked at first.</summary>
    public GenerationState? Generation { get; set; }

    /// <summary>An iteration whose image count is known: that of the snapshot which the run goes on from.</summary>
    public long BaseIteration { get; set; }

    /// <summary>Images shown by then.</summary>
    public long BaseImages { get; set; }

    /// <summary>Names of the snapshots to start from, by iteration.</summary>
    public Dictionary<long, string> Snapshots { get; set; } = [];

    /// <summary>Image count of the newest snapshot; null before the first.</summary>
    public long? SnapshotImages { get; set; }

    /// <summary>Image count of the newest snapshot whose metrics were asked for.</summary>
    public long MeasuredImages { get; set; }

    /// <summary>Metrics that were asked for and are not known yet.</summary>
    public List<EvaluationKey> Measuring { get; set; } = [];

    /// <summary>Snapshots whose value of the first metric is still to be judged, in the order in which it will be: that of training.</summary>
    public List<string> Unjudged { get; set; } = [];

    /// <summary>The run's branch, if it has gone back to a snapshot here.</summary>
    public uint Branch { get; set; }

    /// <summary>How often it has gone back.</summary>
    public int Rollbacks { get; set; }

    /// <summary>Members of the last generations, by number: who writes slices of their snapshots.</summary>
    public Dictionary<long, GenerationWriters> Writers { get; set; } = [];

    /// <summary>The last events.</summary>
    public List<EventRow> Events { get; set; } = [];

    /// <summary>Number of the next event.</summary>
    public long NextEvent { get; set; } = 1;
}

/// <summary>Who writes the snapshots of a generation.</summary>
/// <param name="Lineage">The lineage of its states.</param>
/// <param name="Members">Its members, in rank order: a slice each.</param>
public sealed record GenerationWriters(int Lineage, List<GenerationMember> Members);
