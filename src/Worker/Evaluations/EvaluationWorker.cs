using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Atelier.Core;
using Atelier.Core.Metrics;
using Atelier.Core.Telemetry;
using Atelier.Protos;
using Atelier.Training.Step;
using Atelier.Worker.Loop;
using Atelier.Worker.Session;
using Atelier.Worker.Telemetry;

namespace Atelier.Worker.Evaluations;

/// <summary>
/// The part of an evaluation that this worker has in hand. A free worker does it in one go; one that trains does some of it
/// between two ticks, on the thread that trains, because libtorch keeps a pool of threads for each that calls it.
/// </summary>
internal sealed class EvaluationWorker(WorkerOptions options, Outbox outbox, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan BetweenReports = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private Evaluate? _order;
    private (ActivityContext Trace, long At) _taken;
    private Evaluate? _opened;
    private PartComputation? _part;
    private EvaluationContext? _context;
    private LaneThread? _aside;
    private Task? _conclusion;
    private long _reported;

    /// <summary>Whether a part is in hand.</summary>
    public bool HasWork
    {
        get
        {
            lock (_gate)
                return _order is not null;
        }
    }

    /// <summary>Whether the part in hand is this one.</summary>
    public bool Has(Evaluate order)
    {
        lock (_gate)
            return order.Equals(_order);
    }

    /// <summary>Takes a part, in place of the former.</summary>
    /// <param name="trace">What it belongs to.</param>
    public void Take(Evaluate order, ActivityContext trace)
    {
        lock (_gate)
            (_order, _taken) = (order, (trace, time.GetTimestamp()));
    }

    /// <summary>Does the part that is in hand, whole.</summary>
    /// <exception cref="OperationCanceledException">There is other work; the coordinator has been told.</exception>
    public void Work(CancellationToken cancellation)
    {
        if (_conclusion is not { IsCompleted: false } && Present() is { } order)
            Try(order, () => ComputeAll(order, cancellation));
    }

    /// <summary>Does some of the part that is in hand, while training waits.</summary>
    /// <param name="budget">When to stop; at least one batch is done.</param>
    public void WorkFor(TimeSpan budget)
    {
        if (_conclusion is { IsCompleted: false } || Present() is not { } order)
            return;
        if (order.Side == EvaluationSide.Result)
        {
            // It may take long, and other ranks would wait for this one.
            _aside ??= new LaneThread("evaluation");
            _conclusion = _aside.Start(() => Try(order, () => ComputeAll(order, CancellationToken.None)));
            return;
        }
        long start = time.GetTimestamp();
        Try(order, () =>
        {
            bool isDone;
            do
                isDone = Compute(order, options.Lanes, CancellationToken.None);
            while (!isDone && time.GetElapsedTime(start) < budget);
            if (isDone)
                Finish(order, CancellationToken.None);
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _aside?.Dispose();
        _part?.Dispose();
        _context?.Dispose();
    }

    private Evaluate? Present()
    {
        lock (_gate)
            return _order;
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "whatever goes wrong with a part is told; another worker may fare better")]
    private void Try(Evaluate order, Action work)
    {
        try
        {
            work();
        }
        catch (OperationCanceledException)
        {
            Close(order, PartNews.Declined);
            throw;
        }
        catch (Exception e)
        {
            Close(order, PartNews.Failed, e.Message);
        }
    }

    private void ComputeAll(Evaluate order, CancellationToken cancellation)
    {
        if (Compute(order, int.MaxValue, cancellation))
            Finish(order, cancellation);
    }

    /// <summary>Computes some more of a part. True when there is nothing left to compute.</summary>
    private bool Compute(Evaluate order, int most, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!order.Equals(_opened))
            Open(order);
        if (_part is not { } part)
            return true;
        part.Compute(most, options.Lanes, () => Progress(order, part.SamplesDone), cancellation);
        return part.IsDone;
    }

    private void Open(Evaluate order)
    {
        _part?.Dispose();
        (_part, _opened) = (null, null);
        if (_context?.Fit(order) != true)
        {
            _context?.Dispose();
            _context = null;
            _context = new EvaluationContext(order, options, line => Log(order, line), time);
        }
        _context.Metrics.Prepare(MetricCatalog.Find(order.Metric));
        if (order.Side != EvaluationSide.Result && !IsKnown(order))
        {
            var source = _context.Source(order);
            var range = new SampleRange(order.FirstSample, order.Samples);
            if (!_context.Rows(order).Has(source, range))
                _part = new PartComputation(source, range);
        }
        _opened = order;
    }

    private bool IsKnown(Evaluate order) => order.Side == EvaluationSide.Real && _context!.Metrics.KnowsReal(MetricCatalog.Find(order.Metric));

    private void Finish(Evaluate order, CancellationToken cancellation)
    {
        if (order.Side == EvaluationSide.Result)
        {
            var (line, notes) = _context!.Conclude(order, cancellation);
            foreach (var note in notes)
                Log(order, note);
            Close(order, PartNews.Done, line);
            return;
        }
        _part?.Keep(_context!.Rows(order));
        Close(order, _part is null && IsKnown(order) ? PartNews.SideKnown : PartNews.Done);
    }

    private void Close(Evaluate order, PartNews news, string text = "")
    {
        _part?.Dispose();
        (_part, _opened) = (null, null);
        (ActivityContext Trace, long At) taken;
        lock (_gate)
        {
            taken = _taken;
            if (order.Equals(_order))
                _order = null;
        }
        Measure(order, news, taken.Trace, time.GetElapsedTime(taken.At));
        Report(order, order.Samples, news, text);
    }

    private void Measure(Evaluate order, PartNews news, ActivityContext trace, TimeSpan taken)
    {
        using var span = WorkerMetrics.Traces.Begin("evaluation part", trace, time.GetUtcNow() - taken);
        span?.SetTag("run", order.Run).SetTag("metric", order.Metric).SetTag("snapshot", order.Snapshot).SetTag("side", $"{order.Side}").SetTag("first_sample", order.FirstSample);
        if (news == PartNews.Failed)
            span?.SetStatus(ActivityStatusCode.Error);
        if (news != PartNews.Done)
            return;
        var run = WorkerMetrics.Tag("run", order.Run);
        WorkerMetrics.EvaluationDuration.Record(taken.TotalSeconds, run);
        WorkerMetrics.EvaluationSamples.Add(order.Samples, run);
    }

    private void Progress(Evaluate order, int done)
    {
        if (_reported != 0 && time.GetElapsedTime(_reported) < BetweenReports)
            return;
        _reported = time.GetTimestamp();
        Report(order, done, PartNews.Progress, "");
    }

    private void Report(Evaluate order, int done, PartNews news, string text) => outbox.Add(new WorkerMessage
    {
        PartReport = new()
        {
            Run = order.Run,
            Snapshot = order.Snapshot,
            Metric = order.Metric,
            Side = order.Side,
            FirstSample = order.FirstSample,
            Samples = order.Samples,
            SamplesDone = done,
            News = news,
            Text = text,
        },
    });

    private void Log(Evaluate order, string line) => outbox.Add(new WorkerMessage { LogLines = new() { Run = order.Run, Lines = { line } } });
}

/// <summary>Lets a worker that trains do its part of an evaluation between two ticks.</summary>
/// <param name="evaluations">The part in hand.</param>
/// <param name="interval">A tick.</param>
internal sealed class EvaluationTimeSlices(EvaluationWorker evaluations, ImageCount interval, TimeProvider time) : ILoopObserver
{
    /// <summary>So much of the time since the last turn a turn may take.</summary>
    private const double Share = 0.2;

    private long _since = time.GetTimestamp();

    /// <inheritdoc/>
    public void AfterIteration(LoopMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        if (!moment.Crossed(interval))
            return;
        evaluations.WorkFor(time.GetElapsedTime(_since) * Share);
        _since = time.GetTimestamp();
    }
}
