using Atelier.Core;
using Atelier.Core.Runs;
using Atelier.Storage.Blobs;
using Atelier.Storage.Snapshots;
using Atelier.Training.Numerics;
using Atelier.Training.Randomness;
using Atelier.Training.Snapshots;
using Atelier.Training.Step;
using Atelier.Worker.Loop;

namespace Atelier.Worker.Runs;

/// <summary>A run in this process: prepares it, trains, and leaves its folder so that the same request goes on.</summary>
public static class LocalRun
{
    private const string AskedToStop = "asked to stop";

    /// <summary>Trains until the last image, the time limit, a stop, or a failure.</summary>
    /// <exception cref="UserErrorException">The request cannot be carried out; nothing was changed.</exception>
    public static RunOutcome Execute(TrainRequest request, IRunDisplay display, StopFlag stop, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(display);
        ArgumentNullException.ThrowIfNull(stop);
        ArgumentNullException.ThrowIfNull(time);
        while (true)
        {
            long started = time.GetTimestamp();
            if (Train(request, display, stop, time) is { } outcome)
                return outcome;
            request = request with { TimeLimit = request.TimeLimit is { } limit ? TimeSpan.FromTicks(Math.Max(1, (limit - time.GetElapsedTime(started)).Ticks)) : null };
        }
    }

    /// <summary>Trains on one branch. Null where the run has gone back to a snapshot, and goes on along another one.</summary>
    private static RunOutcome? Train(TrainRequest request, IRunDisplay display, StopFlag stop, TimeProvider time)
    {
        KnowTheBranch(new RunFolder(request.Out), time);
        // What cannot work is said before a folder is made for it.
        using var run = RunPreparation.Prepare(request, time);
        var spec = run.Record.Spec;
        var folder = new RunFolder(request.Out);
        int lanes = spec.Lanes ?? Math.Max(1, Environment.ProcessorCount / spec.Threads / request.Workers);
        NumericsEnvironment.Apply(spec.Threads, lanes * request.Workers);
        var device = request.Device.Open();
        using var holders = new Holders(run, request.Workers, lanes, device);

        using var held = RunLock.Take(folder);
        folder.DeleteUnfinished();
        var notes = new RunNotes(display);
        var events = new EventLog(folder, notes, display);
        var numerics = NumericsProbe.Measure(request.Device);
        var store = new SnapshotStore(new FolderBlobStore(folder.Path), time);
        var state = holders.First;
        bool isNew = new RunStart(run, request, store, events, numerics, time).Fill(state);
        holders.Share();
        var grid = new PreviewGrid(state.Model, run.Dataset, spec.Seed, spec.NoiseMode, state.Precision);
        if (isNew)
        {
            notes.Write(folder.Reals, PreviewGrid.Reals(run.Dataset, spec.Seed));
            notes.Write(folder.InitialFakes, grid.Render(state));
        }

        var snapshots = new SnapshotObserver(store, events, spec, run.Record.Branch, numerics, time);
        var previews = new PreviewObserver(folder, notes, grid, ImageCount.FromKimg(spec.ImageKimg));
        var from = new ImageCount(state.ImageCount);
        var leave = new StopFlag();
        using var metrics = new MetricObserver(folder, notes, events, display, store, snapshots, run, request.StatisticsFolder, device, lanes * request.Workers, leave, from, time);
        if (!isNew)
            metrics.CatchUp(state);
        if (RollbackOf(run.Record, store, null, metrics.Verdict) is { } late)
        {
            RollBack(run.Record, store, events, late, time);
            return null;
        }
        var maintenance = new MaintenanceClock([snapshots, previews, metrics], time);
        var tick = new TickObserver(
            folder.Stats, notes, display, time, ImageCount.FromKimg(spec.TickKimg), from, spec.Total, () => holders.DataWaited, () => maintenance.Taken);
        var nonFinite = new NonFiniteWatch(tick, leave);
        using var limit = request.TimeLimit is { } length ? time.CreateTimer(_ => stop.Request(), null, length, Timeout.InfiniteTimeSpan) : null;
        long started = time.GetTimestamp();
        var end = holders.Train(spec.Total, new EitherStop(stop, leave), [maintenance, tick, nonFinite]);
        var trained = time.GetElapsedTime(started);
        if (nonFinite.Triggered)
            end = LoopEnd.NonFinite;
        if (!nonFinite.Triggered && snapshots.LastTaken != new ImageCount(state.ImageCount) && state.ImageCount > from.Images)
            snapshots.Take(state);
        tick.Finish();
        // A run's last state is its result, and is measured if any state was to be.
        if (end == LoopEnd.Finished && spec.Total >= ImageCount.FromKimg(spec.MetricsEvery) && state.ImageCount > from.Images)
            metrics.MeasureLast(state);
        snapshots.Finish();
        if (RollbackOf(run.Record, store, nonFinite.Triggered ? new ImageCount(state.ImageCount) : null, metrics.Verdict) is { } back)
        {
            RollBack(run.Record, store, events, back, time);
            return null;
        }
        if (state.ImageCount > 0)
            previews.Write(state);
        string reason = end == LoopEnd.NonFinite ? NonFiniteWatch.Reason : (metrics.Verdict as QualityVerdict.Stop)?.Reason ?? AskedToStop;
        return Conclude(run, request, state, end, reason, from, trained, holders.DataWaited, snapshots, notes, events, time);
    }

    /// <summary>A run that went back to a snapshot, and was at that moment killed at the latest, is on the branch that begins there.</summary>
    private static void KnowTheBranch(RunFolder folder, TimeProvider time)
    {
        if (RunRecord.TryLoad(folder) is not { } record)
            return;
        using var held = RunLock.Take(folder);
        var facts = new SnapshotStore(new FolderBlobStore(folder.Path), time).FactsAsync(null, CancellationToken.None).GetAwaiter().GetResult();
        if (facts.Count > 0 && record.OnBranch(facts.Keys.Max(snapshot => snapshot.Branch)) is var known && known != record)
            known.Save(folder);
    }

    /// <summary>Where the run goes back to, and why; null where it does not.</summary>
    private static (SnapshotName Target, string Reason)? RollbackOf(RunRecord record, SnapshotStore store, ImageCount? nonFinite, QualityVerdict verdict)
    {
        if (verdict is QualityVerdict.RollBack(var target, var reason))
            return (SnapshotName.TryParse(target.Name)!, reason);
        if (nonFinite is not { } failed || record.Spec.Rollbacks <= record.Rollbacks)
            return null;
        var facts = store.FactsAsync(null, CancellationToken.None).GetAwaiter().GetResult();
        return QualityPolicy.LastWell(facts.Keys, failed, record.Spec, record.Branch) is { } well ? (facts[well], NonFiniteWatch.Reason) : null;
    }

    /// <summary>The branch's first snapshot decides that the run has gone back; a crash right after it changes nothing.</summary>
    private static void RollBack(RunRecord record, SnapshotStore store, EventLog events, (SnapshotName Target, string Reason) back, TimeProvider time)
    {
        uint branch = record.Branch + 1;
        _ = store.BranchAsync(back.Target, branch, CancellationToken.None).GetAwaiter().GetResult();
        events.Add(new BranchBegun(time.GetUtcNow(), back.Target.At.Kimg, branch, [$"rolled back to {back.Target}: {back.Reason}"]));
    }

    private static RunOutcome Conclude(
        PreparedRun run, TrainRequest request, TrajectoryState state, LoopEnd end, string reason, ImageCount from, TimeSpan trained, TimeSpan waited,
        SnapshotObserver snapshots, RunNotes notes, EventLog events, TimeProvider time)
    {
        var folder = new RunFolder(request.Out);
        var now = new ImageCount(state.ImageCount);
        string hash = StateSections.Hash(state);
        string? lastGood = snapshots.LastWritten is { } written ? new SnapshotName(run.Record.Branch, written).ToString() : null;
        events.Add(
            end switch
            {
                LoopEnd.Finished => new RunFinished(time.GetUtcNow(), now.Kimg, hash),
                _ => new RunStopped(time.GetUtcNow(), now.Kimg, reason, lastGood) { NonFinite = end == LoopEnd.NonFinite },
            },
            show: end == LoopEnd.NonFinite || reason != AskedToStop);
        return new RunOutcome(end, now, now.Images - from.Images, trained, waited, snapshots.Stalled, snapshots.LastWritten == snapshots.LastTaken, hash, RunPictures.DrawAll(folder, notes));
    }
}
