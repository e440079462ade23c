using System.Diagnostics;
using Atelier.Core;
using Atelier.Core.Schedules;
using Atelier.Core.Telemetry;
using Atelier.Worker.Loop;

namespace Atelier.Worker.Telemetry;

/// <summary>
/// Measures the iterations of one holder: times of phases, images, the wait for them, and now and then an iteration as a span. First of
/// the observers, so that what the others do does not count. On the loop's thread alone; an iteration costs it about a microsecond.
/// </summary>
internal sealed class StepMeter : ILoopObserver
{
    /// <summary>A generation's first iteration is recorded as a span, and then at most one in this time, at a tick.</summary>
    private static readonly TimeSpan BetweenSpans = TimeSpan.FromSeconds(10);

    private readonly KeyValuePair<string, object?> _run;
    private readonly double _share;
    private readonly ImageCount _tick;
    private readonly Func<TimeSpan> _waited;
    private readonly ActivityContext _parent;
    private readonly TimeProvider _time;
    private readonly List<(PhaseKind Kind, long End)> _phases = [];
    private long _began;
    private long _phaseBegan;
    private TimeSpan _waitedBefore;
    private long? _recorded;

    /// <param name="run">The run's name.</param>
    /// <param name="share">This holder's share of an iteration's images.</param>
    /// <param name="tick">Images from one tick to the next.</param>
    /// <param name="waited">Time that training has waited for images so far.</param>
    /// <param name="parent">What the iterations belong to.</param>
    public StepMeter(string run, double share, ImageCount tick, Func<TimeSpan> waited, ActivityContext parent, TimeProvider time)
    {
        (_run, _share, _tick, _waited, _parent, _time) = (WorkerMetrics.Tag("run", run), share, tick, waited, parent, time);
        _began = _phaseBegan = time.GetTimestamp();
    }

    /// <summary>Last of the observers: the next iteration begins.</summary>
    public ILoopObserver Next => new Begin(this);

    /// <summary>A phase was applied.</summary>
    public void PhaseApplied(Phase phase)
    {
        long now = _time.GetTimestamp();
        WorkerMetrics.PhaseDuration.Record(_time.GetElapsedTime(_phaseBegan, now).TotalSeconds, _run, WorkerMetrics.Tag("phase", NameOf(phase.Kind)));
        _phases.Add((phase.Kind, now));
        _phaseBegan = now;
    }

    /// <inheritdoc/>
    public void AfterIteration(LoopMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        WorkerMetrics.Images.Add((long)Math.Round(_share * (moment.Now.Images - moment.Before.Images)), _run);
        var waited = _waited();
        WorkerMetrics.DataWait.Add((waited - _waitedBefore).TotalSeconds, _run);
        _waitedBefore = waited;
        if (WorkerMetrics.Traces.HasListeners() && (_recorded is not { } last || (moment.Crossed(_tick) && _time.GetElapsedTime(last) >= BetweenSpans)))
            Record(moment);
    }

    /// <summary>The name of a phase; the runtime would make a new one each time.</summary>
    private static string NameOf(PhaseKind kind) => kind switch
    {
        PhaseKind.Gmain => nameof(PhaseKind.Gmain),
        PhaseKind.Greg => nameof(PhaseKind.Greg),
        PhaseKind.Dmain => nameof(PhaseKind.Dmain),
        PhaseKind.Dreg => nameof(PhaseKind.Dreg),
        PhaseKind.Gboth => nameof(PhaseKind.Gboth),
        _ => nameof(PhaseKind.Dboth),
    };

    private void Record(LoopMoment moment)
    {
        _recorded = _time.GetTimestamp();
        var now = _time.GetUtcNow();
        DateTimeOffset At(long timestamp) => now - _time.GetElapsedTime(timestamp, _recorded.Value);
        using var iteration = WorkerMetrics.Traces.Begin("iteration", _parent, At(_began));
        if (iteration is null)
            return;
        iteration.SetTag(_run.Key, _run.Value).SetTag("iteration", moment.State.Iteration).SetTag("images", moment.Now.Images);
        long from = _began;
        foreach (var (kind, end) in _phases)
        {
            using var phase = WorkerMetrics.Traces.Begin($"phase {NameOf(kind)}", iteration.Context, At(from));
            phase?.SetEndTime(At(end).UtcDateTime);
            from = end;
        }
        iteration.SetEndTime(now.UtcDateTime);
    }

    private sealed class Begin(StepMeter meter) : ILoopObserver
    {
        public void AfterIteration(LoopMoment moment)
        {
            meter._phases.Clear();
            meter._began = meter._phaseBegan = meter._time.GetTimestamp();
        }
    }
}
