using System.Diagnostics.CodeAnalysis;
using Atelier.Core.Metrics;
using Atelier.Protos;
using Atelier.Training.Step;
using Atelier.Worker.Session;

namespace Atelier.Worker.Evaluations;

/// <summary>
/// The part of an evaluation that this worker has in hand. A free worker does it in one go; one that trains does some of it
/// between two ticks, on the thread that trains, because libtorch keeps a pool of threads for each that calls it.
/// </summary>
/// <param name="options">The worker.</param>
/// <param name="outbox">To the coordinator.</param>
/// <param name="time">The clock.</param>
internal sealed class EvaluationDesk(WorkerOptions options, Outbox outbox, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan BetweenReports = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private Evaluate? _order;
    private Evaluate? _opened;
    private PartWork? _part;
    private EvaluationTools? _tools;
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
    public void Take(Evaluate order)
    {
        lock (_gate)
            _order = order;
    }

    /// <summary>Does the part that is in hand, whole.</summary>
    /// <exception cref="OperationCanceledException">There is other work; the coordinator has been told.</exception>
    public void Work(CancellationToken cancellation)
    {
        if (_conclusion is not { IsCompleted: false } && Present() is { } order)
            Try(order, () => GoToTheEnd(order, cancellation));
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
            _conclusion = _aside.Start(() => Try(order, () => GoToTheEnd(order, CancellationToken.None)));
            return;
        }
        long start = time.GetTimestamp();
        Try(order, () =>
        {
            bool isDone;
            do
                isDone = Go(order, options.Lanes, CancellationToken.None);
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
        _tools?.Dispose();
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

    private void GoToTheEnd(Evaluate order, CancellationToken cancellation)
    {
        if (Go(order, int.MaxValue, cancellation))
            Finish(order, cancellation);
    }

    /// <summary>Computes some more of a part. True when there is nothing left to compute.</summary>
    private bool Go(Evaluate order, int most, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!order.Equals(_opened))
            Open(order);
        if (_part is not { } part)
            return true;
        part.Go(most, options.Lanes, () => Progress(order, part.SamplesDone), cancellation);
        return part.IsDone;
    }

    private void Open(Evaluate order)
    {
        _part?.Dispose();
        (_part, _opened) = (null, null);
        if (_tools?.Fit(order) != true)
        {
            _tools?.Dispose();
            _tools = null;
            _tools = new EvaluationTools(order, options, line => Say(order, line), time);
        }
        _tools.Metrics.Prepare(MetricCatalog.Find(order.Metric));
        if (order.Side != EvaluationSide.Result && !IsKnown(order))
        {
            var source = _tools.Source(order);
            var range = new SampleRange(order.FirstSample, order.Samples);
            if (!_tools.Rows(order).Has(source, range))
                _part = new PartWork(source, range);
        }
        _opened = order;
    }

    private bool IsKnown(Evaluate order) => order.Side == EvaluationSide.Real && _tools!.Metrics.KnowsReal(MetricCatalog.Find(order.Metric));

    private void Finish(Evaluate order, CancellationToken cancellation)
    {
        if (order.Side == EvaluationSide.Result)
        {
            var (line, notes) = _tools!.Conclude(order, cancellation);
            foreach (var note in notes)
                Say(order, note);
            Close(order, PartNews.Done, line);
            return;
        }
        _part?.Keep(_tools!.Rows(order));
        Close(order, _part is null && IsKnown(order) ? PartNews.SideKnown : PartNews.Done);
    }

    private void Close(Evaluate order, PartNews news, string text = "")
    {
        _part?.Dispose();
        (_part, _opened) = (null, null);
        lock (_gate)
        {
            if (order.Equals(_order))
                _order = null;
        }
        Tell(order, order.Samples, news, text);
    }

    private void Progress(Evaluate order, int done)
    {
        if (_reported != 0 && time.GetElapsedTime(_reported) < BetweenReports)
            return;
        _reported = time.GetTimestamp();
        Tell(order, done, PartNews.Progress, "");
    }

    private void Tell(Evaluate order, int done, PartNews news, string text) => outbox.Add(new WorkerMessage
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

    private void Say(Evaluate order, string line) => outbox.Add(new WorkerMessage { LogLines = new() { Run = order.Run, Lines = { line } } });
}
