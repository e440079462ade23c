using System.Diagnostics;
using Atelier.Core;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Snapshots;
using Atelier.Core.Runs;
using Atelier.Core.Telemetry;
using Atelier.Protos;
using Atelier.Storage.Snapshots;
using Atelier.Training.Snapshots;
using Atelier.Training.Step;
using Atelier.Worker.Loop;
using Atelier.Worker.Telemetry;

namespace Atelier.Worker.Session;

/// <summary>
/// Writes this worker's slice of the state at due iterations, and when it is told to, beside training; one at a time. The
/// coordinator hears when it begins and how it went.
/// </summary>
/// <param name="numerics">What the state is computed under.</param>
internal sealed class SliceWriter(RunContext context, NumericsFingerprint numerics, Outbox outbox, TimeProvider time) : ILoopObserver
{
    private readonly Lock _gate = new();
    private Task _writing = Task.CompletedTask;
    private GenerationId _generation;
    private (int Slice, int Count) _part = (0, 1);
    private TakeSnapshot? _asked;
    private ActivityContext _trace;

    /// <summary>Time that training has waited for copies and for earlier slices.</summary>
    public TimeSpan Stalled { get; private set; }

    /// <summary>This worker's part in the snapshots of a generation.</summary>
    /// <param name="trace">What they belong to.</param>
    public void Join(GenerationId generation, int rank, int ranks, ActivityContext trace)
    {
        lock (_gate)
            (_generation, _part, _asked, _trace) = (generation, (rank, ranks), null, trace);
    }

    /// <summary>A snapshot besides those that are due, because one of them failed.</summary>
    public void Request(TakeSnapshot order)
    {
        lock (_gate)
        {
            if (order.Generation == _generation.Number)
                _asked = order;
        }
    }

    /// <inheritdoc/>
    public void AfterIteration(LoopMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        bool isAsked;
        lock (_gate)
        {
            isAsked = _asked?.AtIteration == moment.State.Iteration;
            if (_asked is { } asked && asked.AtIteration < moment.State.Iteration)
            {
                // The order came too late; the coordinator tries again.
                outbox.Add(new WorkerMessage { SliceReport = new() { Run = context.Run, Attempt = asked.Attempt, Error = $"the order came after iteration {asked.AtIteration}" } });
                _asked = null;
            }
            if (isAsked)
                _asked = null;
        }
        bool isDue = moment.Crossed(ImageCount.FromKimg(context.Spec.SnapshotKimg));
        // The last state is saved by one worker, when all stand still.
        if ((isDue || isAsked) && moment.State.ImageCount < context.Spec.Total.Images)
            Take(moment.State, moment.Statistics.Save());
    }

    /// <summary>Writes the whole state; the caller keeps it as it is until then.</summary>
    public Task SaveAsync(TrajectoryState state, long attempt)
    {
        _writing.GetAwaiter().GetResult();
        return WriteAsync(state, attempt, 0, 1, context.Statistics.Save());
    }

    /// <summary>Waits until nothing is being written.</summary>
    public void Finish() => _writing.GetAwaiter().GetResult();

    private void Take(TrajectoryState state, byte[] sums)
    {
        long start = time.GetTimestamp();
        _writing.GetAwaiter().GetResult();
        var copy = state.Clone();
        var number = new SnapshotNumber(_generation, state.Iteration);
        var (slice, count) = _part;
        outbox.Add(new WorkerMessage { SliceReport = new() { Run = context.Run, Attempt = number.Value } });
        _writing = Task.Run(async () =>
        {
            using var _ = copy;
            await WriteAsync(copy, number.Value, slice, count, sums).ConfigureAwait(false);
        });
        Stalled += time.GetElapsedTime(start);
    }

    private async Task WriteAsync(TrajectoryState state, long attempt, int slice, int count, byte[] sums)
    {
        var report = new SliceReport { Run = context.Run, Attempt = attempt };
        var run = WorkerMetrics.Tag("run", context.Run);
        long start = time.GetTimestamp();
        ActivityContext parent;
        lock (_gate)
            parent = _trace;
        using var span = WorkerMetrics.Traces.Begin("snapshot slice", parent);
        span?.SetTag(run.Key, run.Value).SetTag("iteration", state.Iteration).SetTag("slice", slice);
        try
        {
            string hash = StateSections.Hash(state);
            var content = context.Content(state, hash, numerics) with { TickSums = slice == 0 ? sums : null };
            var writing = context.Store(time).Begin(content, SnapshotNumber.Of(attempt).FileTag);
            var written = await writing.WriteSliceAsync(slice, StateSections.Slice(state, slice, count), CancellationToken.None).ConfigureAwait(false);
            (report.Name, report.SizeBytes, report.SliceSha256, report.StateSha256) = (written.File, written.Bytes, written.Sha256, hash);
            report.SliceJson = new WrittenSlice(content, written).ToJson();
            WorkerMetrics.SnapshotDuration.Record(time.GetElapsedTime(start).TotalSeconds, run);
            WorkerMetrics.SnapshotSize.Add(written.Bytes, run);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or UserErrorException)
        {
            report.Error = e.Message;
            WorkerMetrics.SnapshotFailures.Add(1, run);
            span?.SetStatus(ActivityStatusCode.Error, e.Message);
        }
        outbox.Add(new WorkerMessage { SliceReport = report, Traceparent = TraceParent.Write(span?.Context ?? parent) });
    }
}
