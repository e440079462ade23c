using System.Diagnostics;
using Atelier.Core;
using Atelier.Core.Schedules;
using Atelier.Training.Step;
using Atelier.Worker.Loop;

namespace Atelier.Worker.Runs;

/// <summary>Shows progress after every iteration and writes a tick's statistics.</summary>
public sealed class TickObserver : ILoopObserver
{
    private static readonly TimeSpan RateWindow = TimeSpan.FromSeconds(20);

    /// <summary>Losses lie on the device: to ask for them after every iteration would make the host wait for it each time.</summary>
    private static readonly TimeSpan BetweenLosses = TimeSpan.FromMilliseconds(200);

    private readonly string? _stats;
    private readonly RunNotes _notes;
    private readonly IRunDisplay _display;
    private readonly TimeProvider _time;
    private readonly ImageCount _interval;
    private readonly ImageCount _total;
    private readonly Func<TimeSpan> _dataWaited;
    private readonly Func<TimeSpan> _maintained;
    private readonly long _started;
    private readonly Queue<(long At, long Images)> _recent = new();
    private (double? Generator, double? Discriminator) _losses;
    private long? _lossesRead;
    private int _tick;
    private long _tickStarted;
    private ImageCount _tickFrom;
    private LoopMoment? _last;
    private TimeSpan _waitedBefore;
    private TimeSpan _maintainedBefore;

    /// <param name="stats">Where <c>stats.jsonl</c> lies; null for not writing it.</param>
    /// <param name="notes">Writes it.</param>
    /// <param name="display">Who is told.</param>
    /// <param name="time">The clock.</param>
    /// <param name="interval">Images a tick.</param>
    /// <param name="from">Images shown when the process began.</param>
    /// <param name="total">Images to show.</param>
    /// <param name="dataWaited">Time that training has waited for images so far.</param>
    /// <param name="maintained">Time that other observers have taken so far.</param>
    public TickObserver(
        string? stats, RunNotes notes, IRunDisplay display, TimeProvider time, ImageCount interval, ImageCount from, ImageCount total,
        Func<TimeSpan> dataWaited, Func<TimeSpan> maintained)
    {
        (_stats, _notes, _display, _time, _interval, _total) = (stats, notes, display, time, interval, total);
        (_dataWaited, _maintained) = (dataWaited, maintained);
        _started = _tickStarted = time.GetTimestamp();
        _tickFrom = from;
        _recent.Enqueue((_started, from.Images));
    }

    /// <summary>Whether the last tick's gradients were non-finite in every phase.</summary>
    public bool LastTickWasNonFinite { get; private set; }

    /// <inheritdoc/>
    public void AfterIteration(LoopMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        ShowProgress(moment);
        _last = moment;
        if (moment.Crossed(_interval) || moment.IsLast)
            EndTick(moment);
    }

    /// <summary>Ends the tick that a stop cut short.</summary>
    public void Finish()
    {
        if (_last is { } moment && moment.Now > _tickFrom)
            EndTick(moment);
    }

    private void EndTick(LoopMoment moment)
    {
        var now = _time.GetTimestamp();
        var maintenance = _maintained() - _maintainedBefore;
        var tick = new TickReport(
            _tick++, moment.Now, _time.GetElapsedTime(_started, now), _time.GetElapsedTime(_tickStarted, now) - maintenance, moment.Now.Images - _tickFrom.Images,
            maintenance, _dataWaited() - _waitedBefore, Process.GetCurrentProcess().PeakWorkingSet64, moment.Statistics.AugmentationP,
            TickReport.LossesOf(moment.Statistics), moment.Statistics.NaNs + moment.Statistics.Infinities, _time.GetUtcNow());
        var line = new TickLine(tick.ToLine(), tick.ToJson());
        if (_stats is not null)
            _notes.Append(_stats, line.Json);
        _display.Tick(line);
        LastTickWasNonFinite = moment.Statistics.NonFinitePhases == moment.Statistics.Phases;
        moment.Statistics.Reset();
        (_tickStarted, _tickFrom, _waitedBefore, _maintainedBefore) = (now, moment.Now, _dataWaited(), _maintained());
    }

    private void ShowProgress(LoopMoment moment)
    {
        long now = _time.GetTimestamp();
        _recent.Enqueue((now, moment.Now.Images));
        while (_recent.Count > 2 && _time.GetElapsedTime(_recent.Peek().At, now) > RateWindow)
            _recent.Dequeue();
        var (since, images) = _recent.Peek();
        double rate = (moment.Now.Images - images) / Math.Max(_time.GetElapsedTime(since, now).TotalSeconds, 1e-9);
        if (_lossesRead is not { } read || _time.GetElapsedTime(read, now) >= BetweenLosses)
        {
            _lossesRead = now;
            _losses = (
                moment.Statistics.Mean(PhaseStatistic.GeneratorLoss, PhaseKind.Gmain, PhaseKind.Gboth),
                moment.Statistics.Mean(PhaseStatistic.DiscriminatorLoss, PhaseKind.Dmain, PhaseKind.Dboth));
        }
        _display.Progress(new RunProgress(
            moment.Now, _total, rate, rate > 0 ? TimeSpan.FromSeconds((_total.Images - moment.Now.Images) / rate) : null,
            _losses.Generator, _losses.Discriminator));
    }
}
