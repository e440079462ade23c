using Atelier.Core;
using Atelier.Core.Runs;
using Atelier.Protos;
using Atelier.Training.Step;
using Atelier.Worker.Loop;
using Atelier.Worker.Runs;
using Atelier.Worker.Telemetry;
using RunEvent = Atelier.Core.Runs.RunEvent;

namespace Atelier.Worker.Session;

/// <summary>
/// What a run leaves for people, written by rank 0 of each generation: ticks, sample grids, curves, unreadable images. All ranks
/// count, so that another one can go on.
/// </summary>
internal sealed class RunReporter : IRunDisplay, ILoopObserver
{
    private readonly RunContext _context;
    private readonly Outbox _outbox;
    private readonly TimeProvider _time;
    private readonly RunFiles _notes;
    private readonly TickObserver _tick;
    private readonly MaintenanceClock _maintenance;
    private PreviewObserver? _previews;
    private PictureObserver? _pictures;
    private PictureUploads? _uploads;
    private ImageCount _reached;
    private bool _isFirst;
    private bool _hasFailed;

    /// <param name="context">The run, with the state that it begins with here.</param>
    /// <param name="maintenance">Whose time counts as maintenance, besides the pictures.</param>
    /// <param name="dataWaited">Time that training has waited for images so far.</param>
    public RunReporter(RunContext context, IReadOnlyList<ILoopObserver> maintenance, Outbox outbox, Func<TimeSpan> dataWaited, TimeProvider time)
    {
        (_context, _outbox, _time) = (context, outbox, time);
        _notes = new RunFiles(this);
        _maintenance = new MaintenanceClock([new Previews(this), .. maintenance], time);
        _tick = new TickObserver(null, _notes, this, time, context.Spec, new ImageCount(context.State.ImageCount), dataWaited, () => _maintenance.Taken)
        {
            Reported = tick => WorkerMetrics.Reached(context.Run, tick),
        };
    }

    /// <summary>A generation begins.</summary>
    /// <param name="isFirst">Whether this worker has rank 0.</param>
    public void Join(bool isFirst)
    {
        var (now, at) = (_time.GetUtcNow(), new ImageCount(_context.State.ImageCount));
        // Between two generations the run may have gone back, and another worker may have written ticks.
        if (at < _reached)
            _tick.Rewind(at);
        _reached = at;
        _isFirst = isFirst;
        if (isFirst && _context.Folder is { } known)
        {
            _tick.NextTick = RunHistory.Rewind(known, _notes, at);
            _tick.Metric = RunHistory.LatestMetric(known, _context.Spec.Metrics is [var first, ..] ? first : null);
        }
        if (!isFirst || _previews is not null)
            return;
        var spec = _context.Spec;
        var grid = new PreviewGrid(_context.State.Model, _context.Dataset, spec.Seed, spec.NoiseMode, _context.State.Precision);
        if (_context.Folder is { } folder)
            BeginFolder(folder, grid, now);
        else
            BeginStore(grid);
    }

    /// <inheritdoc/>
    public void AfterIteration(LoopMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        // A snapshot that is there has its tick in the file, and its grid.
        _tick.AfterIteration(moment);
        _maintenance.AfterIteration(moment);
        _reached = moment.Now;
        if (!_tick.LastTickWasNonFinite || _hasFailed || !_isFirst)
            return;
        _hasFailed = true;
        var stopped = new RunStopped(_time.GetUtcNow(), moment.Now.Kimg, NonFiniteWatch.Reason, null) { NonFinite = true };
        _outbox.Add(new WorkerMessage { RunNote = new() { Run = _context.Run, Json = stopped.ToJson(), Text = NonFiniteWatch.Reason, IsFailure = true } });
    }

    /// <summary>The grid of the last state, and the pictures of the whole run, by a worker that has written some.</summary>
    public void WriteLast(TrajectoryState state)
    {
        if (state.ImageCount == 0 || _previews is null)
            return;
        _previews.Write(state);
        _uploads?.Finish();
        _ = _pictures?.Finish();
    }

    /// <inheritdoc/>
    public void Say(string line) => _outbox.Add(new WorkerMessage { LogLines = new() { Run = _context.Run, Lines = { line } } });

    /// <inheritdoc/>
    public void Progress(RunProgress progress)
    {
        // The coordinator knows from the reports.
    }

    /// <inheritdoc/>
    public void Tick(TickLine tick)
    {
        ArgumentNullException.ThrowIfNull(tick);
        if (!_isFirst)
            return;
        if (_context.Folder is { } folder)
            _notes.Append(folder.Stats, tick.Json);
        _outbox.Add(new WorkerMessage { RunNote = new() { Run = _context.Run, Json = tick.Json, Text = tick.Text, IsTick = true } });
    }

    /// <summary>This worker is the first of the run to write into its folder, or the first after another one.</summary>
    private void BeginFolder(RunFolder folder, PreviewGrid grid, DateTimeOffset now)
    {
        var spec = _context.Spec;
        Directory.CreateDirectory(folder.Path);
        _previews = new PreviewObserver((name, png) => _notes.Write(folder.Picture(name), png), grid, ImageCount.FromKimg(spec.ImageKimg));
        _pictures = new PictureObserver(folder, _notes, this, ImageCount.FromKimg(spec.SnapshotKimg));
        if (RunRecord.TryLoad(folder) is { } record)
        {
            // The run went back to a snapshot: whoever goes on in this folder is to know the branch.
            record.OnBranch(_context.Branch).Save(folder);
        }
        else
        {
            _context.Record(now).Save(folder);
            foreach (var bad in _context.Dataset.BadImages)
                Send(new BadImageSkipped(now, 0, bad.Name, bad.Reason));
            foreach (var note in _context.Dataset.Notes)
                Send(new DatasetNoted(now, 0, note));
        }
        if (_context.State.Iteration > 0 || File.Exists(folder.InitialFakes))
            return;
        _notes.Write(folder.Reals, PreviewGrid.Reals(_context.Dataset, spec.Seed));
        _notes.Write(folder.InitialFakes, grid.Render(_context.State));
    }

    /// <summary>Where there are no folders, sample grids are kept; what is drawn of files that grow is not.</summary>
    private void BeginStore(PreviewGrid grid)
    {
        _uploads = new PictureUploads(_context.Location.Open(), this);
        _previews = new PreviewObserver(_uploads.Put, grid, ImageCount.FromKimg(_context.Spec.ImageKimg));
        if (_context.State.Iteration > 0)
            return;
        _uploads.Put(RunFileNames.Reals, PreviewGrid.Reals(_context.Dataset, _context.Spec.Seed));
        _uploads.Put(RunFileNames.InitialFakes, grid.Render(_context.State));
    }

    private void Send(RunEvent happened) =>
        _outbox.Add(new WorkerMessage { RunNote = new() { Run = _context.Run, Json = happened.ToJson(), Text = happened.Describe() } });

    private sealed class Previews(RunReporter notes) : ILoopObserver
    {
        public void AfterIteration(LoopMoment moment)
        {
            if (!notes._isFirst)
                return;
            notes._previews?.AfterIteration(moment);
            notes._pictures?.AfterIteration(moment);
        }
    }
}
