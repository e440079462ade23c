using Atelier.Core;
using Atelier.Core.Runs;
using Atelier.Core.Specs;
using Atelier.Storage.Snapshots;
using Atelier.Training.Snapshots;
using Atelier.Training.Step;
using Atelier.Worker.Loop;

namespace Atelier.Worker.Runs;

/// <summary>
/// Takes snapshots at fixed image counts, and after an hour without one. Training waits only for a copy of the state; writing, hashing and
/// retention happen beside it, one snapshot at a time.
/// </summary>
public sealed class SnapshotObserver : ILoopObserver
{
    private static readonly TimeSpan LongestWithout = TimeSpan.FromHours(1);

    private readonly SnapshotStore _store;
    private readonly EventLog _events;
    private readonly RunSpec _spec;
    private readonly uint _branch;
    private readonly NumericsFingerprint _numerics;
    private readonly TimeProvider _time;
    private Task _writing = Task.CompletedTask;
    private long _takenAt;

    /// <param name="store">Where snapshots go.</param>
    /// <param name="events">Told of what was written, failed and deleted.</param>
    /// <param name="spec">The run's spec: intervals and retention.</param>
    /// <param name="branch">The run's branch.</param>
    /// <param name="numerics">What the state was computed under.</param>
    public SnapshotObserver(SnapshotStore store, EventLog events, RunSpec spec, uint branch, NumericsFingerprint numerics, TimeProvider time) =>
        (_store, _events, _spec, _branch, _numerics, _time, _takenAt) = (store, events, spec, branch, numerics, time, time.GetTimestamp());

    /// <summary>Time that training has waited for snapshots.</summary>
    public TimeSpan Stalled { get; private set; }

    /// <summary>Image count of the last snapshot that is durable, or null.</summary>
    public ImageCount? LastWritten { get; private set; }

    /// <summary>Image count of the last snapshot that was begun by this process, or null.</summary>
    public ImageCount? LastTaken { get; private set; }

    /// <inheritdoc/>
    public void AfterIteration(LoopMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        if (moment.Crossed(ImageCount.FromKimg(_spec.SnapshotKimg)) || _time.GetElapsedTime(_takenAt) >= LongestWithout)
            Take(moment.State, moment.Statistics);
    }

    /// <summary>Takes a snapshot now; it is written beside what follows.</summary>
    /// <param name="state">Copied.</param>
    /// <param name="statistics">What the tick under way has added up so far.</param>
    public void Take(TrajectoryState state, StepStatistics statistics)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(statistics);
        long start = _takenAt = _time.GetTimestamp();
        _writing.GetAwaiter().GetResult();
        var copy = state.Clone();
        byte[] sums = statistics.Save();
        LastTaken = new ImageCount(copy.ImageCount);
        _writing = Task.Run(() => WriteAsync(copy, sums));
        Stalled += _time.GetElapsedTime(start);
    }

    /// <summary>Waits until the last snapshot is written or has failed.</summary>
    public void Finish() => _writing.GetAwaiter().GetResult();

    private async Task WriteAsync(TrajectoryState state, byte[] sums)
    {
        using var _ = state;
        long start = _time.GetTimestamp();
        var at = new ImageCount(state.ImageCount);
        var parts = StateSections.Parts(state);
        string hash = StateSections.Hash(state);
        var content = new SnapshotContent(at, state.Iteration, _branch, _spec, [.. parts.Select(part => part.Section)], hash, _numerics) { TickSums = sums };
        switch (await _store.WriteAsync(content, [parts], CancellationToken.None))
        {
            case SnapshotWriteResult.Written(var name, var manifest):
                LastWritten = at;
                _events.Add(new SnapshotWritten(_time.GetUtcNow(), at.Kimg, name.ToString(), hash, manifest.Slices.Sum(slice => slice.Bytes), _time.GetElapsedTime(start).TotalSeconds), show: false);
                await RetainAsync(at);
                break;
            case SnapshotWriteResult.Failed(var name, var reason, var _):
                _events.Add(new SnapshotFailed(_time.GetUtcNow(), at.Kimg, name.ToString(), reason));
                break;
        }
    }

    private async Task RetainAsync(ImageCount at)
    {
        try
        {
            foreach (var deleted in await _store.RetainAsync(RetentionPolicy.Of(_spec), _spec.Metrics is [var best, ..] ? best : null, CancellationToken.None))
                _events.Add(new SnapshotDeleted(_time.GetUtcNow(), at.Kimg, deleted.ToString()), show: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _events.Add(new SnapshotFailed(_time.GetUtcNow(), at.Kimg, at.ToString(), $"old snapshots could not be deleted ({e.Message})"));
        }
    }
}
