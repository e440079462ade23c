using Atelier.Core;
using Atelier.Core.Runs;
using Atelier.Core.Specs;
using Atelier.Storage.Blobs;
using Atelier.Storage.Snapshots;
using Atelier.Storage.TensorBoard;
using Atelier.Training.Data;
using Atelier.Training.Numerics;
using Atelier.Training.Ops;
using Atelier.Training.Randomness;
using Atelier.Training.Snapshots;
using Atelier.Training.Step;
using Atelier.Worker.Loop;
using Atelier.Worker.Telemetry;

namespace Atelier.Worker.Runs;

/// <summary>A run in this process: prepares it, trains, and leaves its folder so that the same request goes on.</summary>
public static class LocalRun
{
    private const string AskedToStop = "stop requested";

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
            request = request with { TimeLimit = request.TimeLimit is { } limit ? LeftOf(limit, time.GetElapsedTime(started)) : null };
        }
    }

    /// <summary>What is left of a time limit: never nothing, so that it ends a run once.</summary>
    private static TimeSpan LeftOf(TimeSpan limit, TimeSpan taken) => TimeSpan.FromTicks(Math.Max(1, (limit - taken).Ticks));

    /// <summary>Trains on one branch. Null where the run has gone back to a snapshot, and goes on along another one.</summary>
    private static RunOutcome? Train(TrainRequest request, IRunDisplay display, StopFlag stop, TimeProvider time)
    {
        RecordBranch(new RunFolder(request.Out), time);
        // What cannot work is said before a folder is made for it.
        using var run = RunPreparation.Prepare(request, time);
        RunPreparation.RequireMetrics(run);
        var spec = run.Record.Spec;
        var folder = new RunFolder(request.Out);
        string name = folder.Name;
        int lanes = spec.Lanes ?? Math.Max(1, Environment.ProcessorCount / spec.Threads / request.Workers);
        NumericsEnvironment.Apply(spec.Threads, lanes * request.Workers);
        bool said = OpKernels.WhyPlain(request.Device) is not null;
        var device = request.Device.Open();
        // Whether a GPU has kernels is known when it has been opened.
        if (!said && OpKernels.WhyPlain(request.Device) is { } why)
            display.Say(why);
        WorkerMetrics.Watch(request.Device);
        using var holders = new LocalRanks(run, request.Workers, lanes, device, name, time);

        using var held = RunLock.Take(folder);
        folder.DeleteUnfinished();
        var notes = new RunFiles(display);
        var events = new EventLog(folder, notes, display);
        var numerics = NumericsProbe.Measure(request.Device);
        var store = new SnapshotStore(new FolderBlobStore(folder.Path), time);
        var state = holders.First;
        bool isNew = new RunStart(run, request, store, events, numerics, time).Fill(state, holders.Statistics);
        holders.Share();
        var from = new ImageCount(state.ImageCount);
        int nextTick = RunHistory.Rewind(folder, notes, from);
        display.Begin(RunBanner.Of(run, request, from, lanes));
        var grid = new PreviewGrid(state.Model, run.Dataset, spec.Seed, spec.NoiseMode, state.Precision);
        if (isNew)
        {
            notes.Write(folder.Reals, PreviewGrid.Reals(run.Dataset, spec.Seed));
            notes.Write(folder.InitialFakes, grid.Render(state));
        }

        var snapshots = new SnapshotObserver(store, events, spec, run.Record.Branch, numerics, time);
        var previews = new PreviewObserver((file, png) => notes.Write(folder.Picture(file), png), grid, ImageCount.FromKimg(spec.ImageKimg));
        var pictures = new PictureObserver(folder, notes, display, ImageCount.FromKimg(spec.SnapshotKimg));
        var leave = new StopFlag();
        var scalars = new ScalarFile(folder.Path, time);
        using var metrics = new MetricObserver(folder, notes, events, display, store, snapshots, run, request.StatisticsFolder, device, lanes * request.Workers, leave, time)
        {
            Noted = line => notes.Try(ScalarFile.Prefix + "*", () => scalars.AddMetric(line)),
        };
        if (!isNew)
            metrics.CatchUp(state);
        if (RollbackOf(run.Record, store, null, metrics.Verdict) is { } late)
        {
            RollBack(run.Record, store, events, late, time);
            return null;
        }
        var maintenance = new MaintenanceClock([previews, snapshots], time);
        var measuring = new MaintenanceClock([metrics], time);
        long started = time.GetTimestamp();
        var tick = new TickObserver(folder.Stats, notes, display, time, spec, from, () => holders.DataWaited, () => maintenance.Taken + measuring.Taken)
        {
            NextTick = nextTick,
            Limit = request.TimeLimit is { } most ? () => LeftOf(most, time.GetElapsedTime(started)) : null,
            Metric = RunHistory.LatestMetric(folder, spec.Metrics is [var first, ..] ? first : null),
            Reported = reached =>
            {
                WorkerMetrics.Reached(name, reached);
                notes.Try(ScalarFile.Prefix + "*", () => scalars.AddTick(reached.ToJson()));
            },
        };
        if (RunHistory.MeasuringTime(folder, spec.Metrics) is { Ticks: > 0 } measured)
            tick.Remaining.Evaluated(measured);
        metrics.Measured = (value, took) =>
        {
            tick.Metric = value;
            tick.Evaluated(took);
        };
        var nonFinite = new NonFiniteWatch(tick, leave);
        using var limit = request.TimeLimit is { } length ? time.CreateTimer(_ => stop.Request(), null, length, Timeout.InfiniteTimeSpan) : null;
        started = time.GetTimestamp();
        // A snapshot that is there, and a value that is measured, have their tick in the file, and their grid.
        var end = holders.Train(spec.Total, new EitherStop(stop, leave), [tick, maintenance, measuring, pictures, nonFinite]);
        var trained = time.GetElapsedTime(started);
        if (nonFinite.Triggered)
            end = LoopEnd.NonFinite;
        if (!nonFinite.Triggered && snapshots.LastTaken != new ImageCount(state.ImageCount) && state.ImageCount > from.Images)
            snapshots.Take(state, holders.Statistics);
        // A run's last state is its result, and is measured if any state was to be.
        if (end == LoopEnd.Finished && spec.Total >= ImageCount.FromKimg(spec.MetricsEvery) && state.ImageCount > from.Images)
            metrics.MeasureLast(state);
        snapshots.Finish();
        if (RollbackOf(run.Record, store, nonFinite.Triggered ? new ImageCount(state.ImageCount) : null, metrics.Verdict) is { } back)
        {
            _ = pictures.Finish();
            RollBack(run.Record, store, events, back, time);
            return null;
        }
        if (state.ImageCount > 0)
            previews.Write(state);
        string reason = end == LoopEnd.NonFinite ? NonFiniteWatch.Reason : (metrics.Verdict as QualityVerdict.Stop)?.Reason ?? AskedToStop;
        return Conclude(run, request, store, state, end, reason, from, trained, holders.DataWaited, snapshots, pictures, events, time);
    }

    /// <summary>A run that went back to a snapshot, and was at that moment killed at the latest, is on the branch that begins there.</summary>
    private static void RecordBranch(RunFolder folder, TimeProvider time)
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
        PreparedRun run, TrainRequest request, SnapshotStore store, TrajectoryState state, LoopEnd end, string reason, ImageCount from, TimeSpan trained, TimeSpan waited,
        SnapshotObserver snapshots, PictureObserver pictures, EventLog events, TimeProvider time)
    {
        var now = new ImageCount(state.ImageCount);
        string hash = StateSections.Hash(state);
        string? lastGood = snapshots.LastWritten is { } written ? new SnapshotName(run.Record.Branch, written).ToString() : null;
        var advice = end == LoopEnd.NonFinite ? NonFiniteAdvice.Of(store, request.Out, run.Record.Spec, run.Record.Branch, now) : null;
        if (advice is not null)
            lastGood = advice.LastGood;
        events.Add(
            end switch
            {
                LoopEnd.Finished => new RunFinished(time.GetUtcNow(), now.Kimg, hash),
                _ => new RunStopped(time.GetUtcNow(), now.Kimg, reason, lastGood) { NonFinite = end == LoopEnd.NonFinite },
            },
            show: end == LoopEnd.NonFinite || reason != AskedToStop);
        return new RunOutcome(end, now, now.Images - from.Images, trained, waited, snapshots.Stalled, snapshots.LastWritten == snapshots.LastTaken, hash, pictures.Finish()) { LastGood = lastGood, Advice = advice?.Lines ?? [] };
    }
}

/// <summary>How a run ended, for its summary.</summary>
/// <param name="End">Why it ended.</param>
/// <param name="Images">Images shown in all.</param>
/// <param name="ShownNow">Images shown by this process.</param>
/// <param name="Trained">Time that this process trained.</param>
/// <param name="DataWait">Time of it spent waiting for images.</param>
/// <param name="SnapshotStall">Time of it spent copying states for snapshots and waiting for earlier ones; null where other processes trained.</param>
/// <param name="IsDurable">Whether the last snapshot that was begun is on disk; false after a full disk.</param>
/// <param name="StateSha256">Hash of the last state.</param>
/// <param name="Files">What to look at, with its path.</param>
public sealed record RunOutcome(
    LoopEnd End, ImageCount Images, long ShownNow, TimeSpan Trained, TimeSpan DataWait, TimeSpan? SnapshotStall, bool IsDurable, string StateSha256,
    IReadOnlyList<(string What, string Path)> Files)
{
    /// <summary>The newest snapshot that the run can continue from; null for none.</summary>
    public string? LastGood { get; init; }

    /// <summary>What to do about a run that could not go on; empty for others.</summary>
    public IReadOnlyList<string> Advice { get; init; } = [];

    /// <summary>Images a second.</summary>
    public double ImagesPerSecond => ShownNow / Math.Max(Trained.TotalSeconds, 1e-9);

    /// <summary>Share of the time spent waiting for images.</summary>
    public double DataWaitShare => DataWait / Longest;

    /// <summary>Share of the time that snapshots took from training.</summary>
    public double? SnapshotStallShare => SnapshotStall / Longest;

    private TimeSpan Longest => Trained > TimeSpan.Zero ? Trained : TimeSpan.FromTicks(1);
}

/// <summary>What a person asked for: the command line of <c>train</c>, or what stands for it.</summary>
public sealed record TrainRequest
{
    /// <summary>The run's folder.</summary>
    public required string Out { get; init; }

    /// <summary>What the data is called in the run's record: a path, or a name of built-in data.</summary>
    public required string DataName { get; init; }

    /// <summary>Opens the data's files.</summary>
    public required Func<ImageSource> OpenData { get; init; }

    /// <summary>A recipe asked for by name or file; null for the run's own, or the default for a new run.</summary>
    public Recipe? Recipe { get; init; }

    /// <summary>Spec keys given on the command line.</summary>
    public IReadOnlyList<SpecAssignment> Overrides { get; init; } = [];

    /// <summary>Holders of shards in this process, each with a state of its own.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Where this process computes; its workers, where it starts some, take a GPU each.</summary>
    public ComputeDevice Device { get; init; } = ComputeDevice.Cpu;

    /// <summary>Devices that the auto recipe is computed for.</summary>
    public int Gpus { get; init; } = 1;

    /// <summary>A network to start from, for a new run.</summary>
    public string? Init { get; init; }

    /// <summary>Go on although the numerics differ from those that the run was made with.</summary>
    public bool AcceptNewNumerics { get; init; }

    /// <summary>Go on as a branch although the dataset is another one.</summary>
    public bool AcceptNewData { get; init; }

    /// <summary>Where statistics of the real images are kept between runs; null for the user's cache.</summary>
    public string? StatisticsFolder { get; init; }

    /// <summary>Stop after this much training time, with a snapshot; null to go on to the last image.</summary>
    public TimeSpan? TimeLimit { get; init; }
}
