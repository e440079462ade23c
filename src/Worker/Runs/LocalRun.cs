using Atelier.Core;
using Atelier.Core.Runs;
using Atelier.Core.Specs;
using Atelier.Storage.Blobs;
using Atelier.Storage.Snapshots;
using Atelier.Storage.TensorBoard;
using Atelier.Training.Data;
using Atelier.Training.Numerics;
using Atelier.Training.Randomness;
using Atelier.Training.Snapshots;
using Atelier.Training.Step;
using Atelier.Worker.Loop;
using Atelier.Worker.Telemetry;

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
        RecordBranch(new RunFolder(request.Out), time);
        // What cannot work is said before a folder is made for it.
        using var run = RunPreparation.Prepare(request, time);
        var spec = run.Record.Spec;
        var folder = new RunFolder(request.Out);
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder.Path)));
        int lanes = spec.Lanes ?? Math.Max(1, Environment.ProcessorCount / spec.Threads / request.Workers);
        NumericsEnvironment.Apply(spec.Threads, lanes * request.Workers);
        var device = request.Device.Open();
        using var holders = new LocalRanks(run, request.Workers, lanes, device, name, time);

        using var held = RunLock.Take(folder);
        folder.DeleteUnfinished();
        var notes = new RunFiles(display);
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
        var scalars = new ScalarFile(folder.Path, time);
        using var metrics = new MetricObserver(folder, notes, events, display, store, snapshots, run, request.StatisticsFolder, device, lanes * request.Workers, leave, from, time)
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
        var maintenance = new MaintenanceClock([snapshots, previews], time);
        // After the tick: a process that is killed while it measures has told of it.
        var measuring = new MaintenanceClock([metrics], time);
        var tick = new TickObserver(
            folder.Stats, notes, display, time, ImageCount.FromKimg(spec.TickKimg), from, spec.Total, () => holders.DataWaited, () => maintenance.Taken + measuring.Taken)
        {
            Reported = reached =>
            {
                WorkerMetrics.Reached(name, reached);
                notes.Try(ScalarFile.Prefix + "*", () => scalars.AddTick(reached.ToJson()));
            },
        };
        var nonFinite = new NonFiniteWatch(tick, leave);
        using var limit = request.TimeLimit is { } length ? time.CreateTimer(_ => stop.Request(), null, length, Timeout.InfiniteTimeSpan) : null;
        long started = time.GetTimestamp();
        var end = holders.Train(spec.Total, new EitherStop(stop, leave), [maintenance, tick, measuring, nonFinite]);
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
        PreparedRun run, TrainRequest request, TrajectoryState state, LoopEnd end, string reason, ImageCount from, TimeSpan trained, TimeSpan waited,
        SnapshotObserver snapshots, RunFiles notes, EventLog events, TimeProvider time)
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

    /// <summary>Where statistics of the real images are kept between runs; null for the user's cache.</summary>
    public string? StatisticsFolder { get; init; }

    /// <summary>Stop after this much training time, with a snapshot; null to go on to the last image.</summary>
    public TimeSpan? TimeLimit { get; init; }
}

/// <summary>Who is told how a run goes: a terminal, a log, a test.</summary>
public interface IRunDisplay
{
    /// <summary>Something worth a line of its own.</summary>
    void Say(string line);

    /// <summary>An iteration ended.</summary>
    void Progress(RunProgress progress);

    /// <summary>A tick ended.</summary>
    void Tick(TickLine tick);
}

/// <summary>What a tick says.</summary>
/// <param name="Text">The published trainers' line.</param>
/// <param name="Json">The line of <c>stats.jsonl</c>.</param>
public sealed record TickLine(string Text, string Json);

/// <summary>Where a run is.</summary>
/// <param name="Now">Images shown.</param>
/// <param name="Total">Images to show.</param>
/// <param name="ImagesPerSecond">Over the last seconds.</param>
/// <param name="Remaining">Estimated time to the end.</param>
/// <param name="GeneratorLoss">Mean since the last tick, as it was some tenths of a second ago at most.</param>
/// <param name="DiscriminatorLoss">Likewise.</param>
public sealed record RunProgress(
    ImageCount Now, ImageCount Total, double ImagesPerSecond, TimeSpan? Remaining, double? GeneratorLoss, double? DiscriminatorLoss);
