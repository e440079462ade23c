using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Fleet.Queue;
using static Atelier.Core.Tests.Fleet.Samples;

namespace Atelier.Core.Tests.Fleet.Generations;

/// <summary>One run and its workers, told step by step: who says what, and what is decided.</summary>
internal sealed class Scene(RunShape shape, params string[] workers)
{
    private readonly List<LiveWorker> _live = [.. workers.Select(name => new LiveWorker(new(name), 1, true))];
    private readonly GenerationSettings _settings = new();
    private long _sequence;
    private double _seconds;

    public GenerationState State { get; private set; } = GenerationState.New(new("r"), shape);

    public IReadOnlyList<GenerationAction> Actions { get; private set; } = [];

    public RunIntent Intent { get; set; } = RunIntent.Run;

    public string Log => string.Join('\n', Actions.OfType<LogEvent>().Select(line => line.Text));

    public string[] Evicted => [.. Actions.OfType<EvictWorker>().Select(eviction => eviction.Worker.Value)];

    /// <summary>What workers are told, as `a: Halt 1`.</summary>
    public string[] Told => [.. Actions.OfType<Tell>().Select(tell => $"{tell.Worker}: {tell.Order.GetType().Name[..^"Order".Length]} {tell.Order.Generation.Number}")];

    /// <summary>The run began with these snapshots.</summary>
    public Scene From(params Position[] snapshots)
    {
        State = GenerationState.New(State.Run, State.Shape, snapshots);
        return this;
    }

    public Scene Decide(double after = 0)
    {
        _seconds += after;
        var decision = GenerationPolicy.Decide(State, new(new(1), Intent, _live), _settings, At(_seconds));
        (State, Actions) = (decision.State, decision.Actions);
        foreach (var evicted in Actions.OfType<EvictWorker>()) Lose(evicted.Worker.Value);
        return this;
    }

    public Scene Lose(string name)
    {
        _live.RemoveAll(live => live.Worker.Value == name);
        return this;
    }

    public Scene Join(string name)
    {
        _live.Add(new(new(name), 1, true));
        return this;
    }

    /// <summary>A worker drains, or the queue wants it elsewhere.</summary>
    public Scene Take(string name)
    {
        var index = _live.FindIndex(live => live.Worker.Value == name);
        _live[index] = _live[index] with { MayServe = false };
        return this;
    }

    public Scene Say(string name, WorkerStage stage, StateVersion? held = null, int? waitsFor = null, string? trouble = null, double? secondsPerShard = null, TroubleCause kind = TroubleCause.Own)
    {
        var waiting = waitsFor is { } rank ? new WaitingFor(new(rank), held?.Position ?? default) : null;
        State = GenerationReports.Observe(State, new WorkerReport(
            new(name), 1, ++_sequence, State.Generation, stage, held, waiting, trouble, secondsPerShard ?? State.Reports.FirstOrDefault(report => report.Worker.Value == name)?.SecondsPerShard, kind));
        return this;
    }

    public Scene Check(string name, StateVersion version, string digest, int? shard = null)
    {
        State = GenerationReports.Observe(State, new CheckReport(new(name), version, shard, digest));
        return this;
    }

    public Scene Snapshot(StateVersion version)
    {
        State = GenerationReports.SnapshotCommitted(State, version);
        return this;
    }

    public Scene RollBack(Position target)
    {
        State = GenerationReports.RolledBack(State, target);
        return this;
    }

    public Scene FailToSave()
    {
        State = GenerationReports.SaveFailed(State);
        return this;
    }

    public Scene Everyone(WorkerStage stage, StateVersion? held = null)
    {
        foreach (var live in _live) Say(live.Worker.Value, stage, held);
        return this;
    }

    /// <summary>From wherever the run stands to running workers that hold a state.</summary>
    public Scene Running(StateVersion held = default)
    {
        Decide().Everyone(WorkerStage.Halted, held == default ? null : held).Decide();
        Everyone(WorkerStage.Ready, State.Plan!.Start).Decide();
        return Everyone(WorkerStage.Stepping, State.Plan!.Start).Decide();
    }
}
