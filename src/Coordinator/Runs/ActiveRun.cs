using Atelier.Coordinator.Evaluations;
using Atelier.Coordinator.Fleet;
using Atelier.Coordinator.Storage;
using Atelier.Coordinator.Telemetry;
using Atelier.Core;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Fleet.Queue;
using Atelier.Core.Fleet.Snapshots;
using Atelier.Core.Runs;
using Atelier.Core.Specs;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Atelier.Coordinator.Runs;

/// <summary>The run that an activation of its grain has in hand: what is known of it, and what the grain's parts ask of the grain.</summary>
/// <param name="state">What the grain stores.</param>
/// <param name="work">What is done to the run's store.</param>
internal sealed class ActiveRun(Func<RunGrainState> state, StoreWork work)
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>As it was submitted, and on which branch it is.</summary>
    public required RunDetails Details { get; set; }

    /// <summary>What it trains.</summary>
    public required RunSpec Spec { get; set; }

    /// <summary>Epoch of the activation.</summary>
    public required long Epoch { get; init; }

    /// <summary>Whose run it is.</summary>
    public required ClusterIdentity Cluster { get; init; }

    /// <summary>Other grains.</summary>
    public required IGrainFactory Grains { get; init; }

    /// <summary>Sends messages to workers.</summary>
    public required WorkerMessenger Messenger { get; init; }

    /// <summary>What happened to it, for people.</summary>
    public required RunEvents Events { get; init; }

    /// <summary>Writes lines into its store.</summary>
    public required RunJournal Journal { get; init; }

    /// <summary>Left what metrics are read from.</summary>
    public required CoordinatorMetrics Metrics { get; init; }

    /// <summary>Told of what should not happen.</summary>
    public required ILogger Logger { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Stores the state.</summary>
    public required Func<Task> StoreAsync { get; init; }

    /// <summary>Lets the grain decide in a moment.</summary>
    public required Action DecideSoon { get; init; }

    /// <summary>What the grain stores.</summary>
    public RunGrainState State => state();

    /// <summary>The protocol.</summary>
    public GenerationState Generation => State.Generation!;

    /// <summary>How fast it is.</summary>
    public ProgressRate Rate { get; } = new();

    /// <summary>What people want of it.</summary>
    public RunIntent Intent { get; set; }

    /// <summary>Workers that may serve it, by name.</summary>
    public Dictionary<string, LiveRow> Live { get; set; } = [];

    /// <summary>Whether something has changed that is to be stored before the next decision.</summary>
    public bool IsUnstored { get; set; }

    /// <summary>The fleet.</summary>
    public IFleetGrain Fleet => Grains.GetGrain<IFleetGrain>(0);

    /// <summary>The evaluations of all runs.</summary>
    public IEvaluationsGrain Evaluations => Grains.GetGrain<IEvaluationsGrain>(0);

    /// <summary>The present time.</summary>
    public DateTimeOffset Now => Time.GetUtcNow();

    /// <summary>When snapshots are due.</summary>
    public SnapshotSchedule Schedule => new(State.BaseIteration, State.BaseImages, Spec.Minibatches, ImageCount.FromKimg(Spec.SnapshotKimg).Images);

    /// <summary>The first of its metrics, by which snapshots are compared; null for none.</summary>
    public string? FirstMetric => Spec.Metrics is [var first, ..] ? first : null;

    /// <summary>The iterations and shards of the run.</summary>
    public RunShape Shape
    {
        get
        {
            var schedule = new SnapshotSchedule(State.BaseIteration, State.BaseImages, Spec.Minibatches, 0);
            return new(Spec.Shards, Details.MinWorkers, Details.MaxWorkers, schedule.IterationAt(Spec.Total), Spec.TickIterations);
        }
    }

    /// <summary>Adds an event.</summary>
    public void Log(RunEvent happened) => Events.Add(happened);

    /// <summary>Does something to the run's store, once; it gives what is then done in a turn of the grain.</summary>
    public void Do(Func<RunStore, CancellationToken, Task<Func<Task>>> what) => work.Do(Details.Store, what);

    /// <summary>Does something to the run's store until the store lets it.</summary>
    public void DoUntilDone(Func<RunStore, CancellationToken, Task<Func<Task>>> what) => work.DoUntilDone(Details.Store, what);
}
