using System.Diagnostics;
using System.Globalization;
using Atelier.Core;
using Atelier.Core.Fleet.Snapshots;
using Atelier.Core.Runs;
using Atelier.Core.Schedules;
using Atelier.Core.Specs;
using Atelier.Training.Analysis;
using Atelier.Training.Step;
using Atelier.Worker.Loop;

namespace Atelier.Worker.Runs;

/// <summary>
/// Shows progress after every iteration, and at least once a minute as a line; writes a tick's statistics. Ticks end at multiples of their
/// interval whatever happens in between, so that their values are a function of the trajectory (docs/decisions/0013).
/// </summary>
public sealed class TickObserver : ILoopObserver
{
    /// <summary>Losses lie on the device: to ask for them after every iteration would make the host wait for it each time.</summary>
    private static readonly TimeSpan BetweenLosses = TimeSpan.FromMilliseconds(200);

    private readonly string? _stats;
    private readonly RunFiles _notes;
    private readonly IRunDisplay _display;
    private readonly TimeProvider _time;
    private readonly RunSpec _spec;
    private readonly ImageCount _interval;
    private readonly Func<TimeSpan> _dataWaited;
    private readonly Func<TimeSpan> _maintained;
    private readonly LineClock _lines;
    private readonly long _started;
    private (double? Generator, double? Discriminator) _losses;
    private long? _lossesRead;
    private long _tickStarted;
    private ImageCount _tickFrom;
    private TimeSpan _waitedBefore;
    private TimeSpan _maintainedBefore;
    private long _seen;
    private TimeSpan _maintainedSeen;
    private TimeSpan _evaluated;
    private bool _isEstimated;

    /// <param name="stats">Where <c>stats.jsonl</c> lies; null for not writing it.</param>
    /// <param name="notes">Writes it.</param>
    /// <param name="display">Who is told.</param>
    /// <param name="from">Images shown when the process began.</param>
    /// <param name="dataWaited">Time that training has waited for images so far.</param>
    /// <param name="maintained">Time that other observers have taken so far, evaluations included.</param>
    public TickObserver(
        string? stats, RunFiles notes, IRunDisplay display, TimeProvider time, RunSpec spec, ImageCount from, Func<TimeSpan> dataWaited, Func<TimeSpan> maintained)
    {
        ArgumentNullException.ThrowIfNull(spec);
        (_stats, _notes, _display, _time, _spec) = (stats, notes, display, time, spec);
        (_dataWaited, _maintained) = (dataWaited, maintained);
        _interval = ImageCount.FromKimg(spec.TickKimg);
        _lines = new LineClock(time);
        _started = _tickStarted = _seen = time.GetTimestamp();
        _tickFrom = from;
        _isEstimated = from > ImageCount.Zero;
    }

    /// <summary>The number of the next tick.</summary>
    public int NextTick { get; set; }

    /// <summary>The newest value of the run's first metric; null for none.</summary>
    public MetricValue? Metric { get; set; }

    /// <summary>How long the run still takes.</summary>
    public RemainingTime Remaining { get; } = new();

    /// <summary>Time that the run may still take, whatever it has to do; null for no limit.</summary>
    public Func<TimeSpan>? Limit { get; init; }

    /// <summary>Told of every tick besides the display; null for nobody.</summary>
    public Action<TickReport>? Reported { get; init; }

    /// <summary>Whether the last tick's gradients were non-finite in every phase.</summary>
    public bool LastTickWasNonFinite { get; private set; }

    /// <summary>A snapshot was measured.</summary>
    public void Evaluated(TimeSpan took)
    {
        _evaluated += took;
        Remaining.Evaluated(took);
    }

    /// <summary>The run has gone back to a state: the tick under way begins there.</summary>
    public void Rewind(ImageCount from) => (_tickStarted, _tickFrom, _waitedBefore, _maintainedBefore) = (_time.GetTimestamp(), from, _dataWaited(), _maintained());

    /// <inheritdoc/>
    public void AfterIteration(LoopMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        var progress = Measure(moment);
        _display.Progress(progress);
        if (moment.Crossed(_interval) || moment.IsLast)
            EndTick(moment, progress);
        else if (_lines.IsDue)
            Interim(progress);
        Estimate(progress);
    }

    private void EndTick(LoopMoment moment, RunProgress progress)
    {
        var usage = ResolutionUsage.Applies(moment.State.Model.Generator) ? ResolutionUsage.Measure(moment.State) : [];
        var now = _time.GetTimestamp();
        var maintenance = _maintained() - _maintainedBefore;
        var tick = new TickReport(
            NextTick++, moment.Now, _time.GetElapsedTime(_started, now), _time.GetElapsedTime(_tickStarted, now) - maintenance, moment.Now.Images - _tickFrom.Images,
            maintenance, _dataWaited() - _waitedBefore, Process.GetCurrentProcess().PeakWorkingSet64, moment.Statistics.AugmentationP,
            TickReport.LossesOf(moment.Statistics), moment.Statistics.NaNs + moment.Statistics.Infinities, _time.GetUtcNow()) { Usage = usage };
        var line = new TickLine(tick.ToLine() + progress.Tail(), tick.ToJson());
        if (_stats is not null)
            _notes.Append(_stats, line.Json);
        _lines.Told();
        _display.Tick(line);
        Reported?.Invoke(tick);
        LastTickWasNonFinite = moment.Statistics.NonFinitePhases == moment.Statistics.Phases;
        moment.Statistics.Reset();
        (_tickStarted, _tickFrom, _waitedBefore, _maintainedBefore) = (now, moment.Now, _dataWaited(), _maintained());
    }

    private void Interim(RunProgress progress)
    {
        _lines.Told();
        _display.Interim(progress);
    }

    /// <summary>What the iteration that just ended says of speed and remaining time.</summary>
    private RunProgress Measure(LoopMoment moment)
    {
        long now = _time.GetTimestamp();
        var maintained = _maintained() - _maintainedSeen;
        Remaining.Trained(moment.Now.Images - moment.Before.Images, _time.GetElapsedTime(_seen, now) - maintained);
        Remaining.Interrupted(maintained > _evaluated ? maintained - _evaluated : TimeSpan.Zero);
        (_seen, _maintainedSeen, _evaluated) = (now, _maintained(), TimeSpan.Zero);
        if (_lossesRead is not { } read || _time.GetElapsedTime(read, now) >= BetweenLosses || moment.Crossed(_interval))
        {
            _lossesRead = now;
            _losses = (
                moment.Statistics.Mean(PhaseStatistic.GeneratorLoss, PhaseKind.Gmain, PhaseKind.Gboth),
                moment.Statistics.Mean(PhaseStatistic.DiscriminatorLoss, PhaseKind.Dmain, PhaseKind.Dboth));
        }
        long evaluations = _spec.Metrics.Count == 0 ? 0 : SnapshotSchedule.MeasurementsAfter(moment.Now, _spec.Total, ImageCount.FromKimg(_spec.MetricsEvery).Images);
        return new RunProgress(
            moment.Now, _spec.Total, Remaining.ImagesPerSecond ?? 0, Remaining.Of(Math.Max(0, _spec.Total.Images - moment.Now.Images), evaluations), _losses.Generator, _losses.Discriminator) { Metric = Metric }.Within(Limit?.Invoke());
    }

    /// <summary>Says once, before a long run, how long it will take.</summary>
    private void Estimate(RunProgress progress)
    {
        if (_isEstimated || RunEstimate.Of(progress, Remaining.SecondsMeasured) is not { } text)
            return;
        _isEstimated = true;
        _display.Say(text);
    }
}

/// <summary>When a line about progress is due although nothing else was printed: after a minute.</summary>
public sealed class LineClock(TimeProvider time)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private long _told = time.GetTimestamp();

    /// <summary>Whether the last line is a minute old.</summary>
    public bool IsDue => time.GetElapsedTime(_told) >= Longest;

    /// <summary>A line was printed.</summary>
    public void Told() => _told = time.GetTimestamp();
}

/// <summary>What a new run that takes long says about that once its speed is known.</summary>
public static class RunEstimate
{
    private const double LeastSeconds = 15;

    private static readonly TimeSpan Long = TimeSpan.FromHours(12);

    /// <summary>The text; null before the speed is known, and where the run is short.</summary>
    /// <param name="progress">Where the run is.</param>
    /// <param name="seconds">Time over which its speed was measured.</param>
    public static string? Of(RunProgress progress, double seconds)
    {
        ArgumentNullException.ThrowIfNull(progress);
        return seconds >= LeastSeconds && progress.Remaining is { } remaining && remaining > Long
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"this run will take about {RemainingTime.Roughly(remaining)} on this machine ({progress.Total.Kimg:#,0.###} kimg at {RunProgress.Rate(progress.ImagesPerSecond)} img/s); use --kimg N for a shorter run, or --recipe demo to train a small network in minutes")
            : null;
    }
}

/// <summary>Stops a run whose gradients were non-finite in every phase of a tick; later snapshots would only hold more of it.</summary>
internal sealed class NonFiniteWatch(TickObserver tick, StopFlag stop) : ILoopObserver
{
    /// <summary>Why it stops a run.</summary>
    public const string Reason = "gradients were non-finite in every phase of a whole tick";

    /// <summary>Whether it stopped the run.</summary>
    public bool Triggered { get; private set; }

    public void AfterIteration(LoopMoment moment)
    {
        if (!tick.LastTickWasNonFinite)
            return;
        Triggered = true;
        stop.Request();
    }
}

/// <summary>Runs observers and adds up the time they take from training.</summary>
/// <param name="observers">Who to run, in order.</param>
public sealed class MaintenanceClock(IReadOnlyList<ILoopObserver> observers, TimeProvider time) : ILoopObserver
{
    /// <summary>Time taken so far.</summary>
    public TimeSpan Taken { get; private set; }

    /// <inheritdoc/>
    public void AfterIteration(LoopMoment moment)
    {
        long start = time.GetTimestamp();
        foreach (var observer in observers)
            observer.AfterIteration(moment);
        Taken += time.GetElapsedTime(start);
    }
}
