using System.Text.Json;
using Atelier.Core.Fleet.Generations;
using RunEvent = Atelier.Core.Runs.RunEvent;

namespace Atelier.Coordinator.Runs;

/// <content>What people see of a run.</content>
public sealed partial class RunGrain
{
    private const int EventsKept = 500;
    private const int LinesKept = 2000;

    private static readonly TimeSpan RateWindow = TimeSpan.FromSeconds(20);

    private readonly Queue<(DateTimeOffset At, long Iteration)> _progress = new();
    private readonly Queue<LogRow> _lines = new();
    private long _nextLine = 1;

    /// <inheritdoc/>
    public async Task NoteAsync(string json, string text, bool isTick, bool isFailure)
    {
        if (!await PrepareAsync()) return;
        if (isFailure)
        {
            if (await TryRollBackAsync(KimgOf(json), text)) return;
            State.Generation = GenerationReports.Failed(Generation, text);
            await StoreAsync();
            DecideSoon();
        }

        // A worker writes ticks into the run's folder itself.
        Add(json, text);
        if (!isTick && _files.WritesEvents) RunLog.Append(_details!.Store, RunLog.Events, json);
    }

    private static double KimgOf(string json)
    {
        using var read = JsonDocument.Parse(json);
        return read.RootElement.TryGetProperty("kimg", out var kimg) && kimg.TryGetDouble(out var value) ? value : 0;
    }

    /// <inheritdoc/>
    public Task LogAsync(string worker, List<string> lines)
    {
        foreach (var line in lines ?? [])
        {
            _lines.Enqueue(new(_nextLine++, Now.ToUnixTimeMilliseconds(), worker, line));
            if (_lines.Count > LinesKept) _lines.Dequeue();
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<RunFacts> DescribeAsync()
    {
        if (!await PrepareAsync()) return new(0, 0, 0, 0, 0, [], null, "");
        var reached = Generation.Reached.Iteration;
        var runs = Generation.Stage == GenerationStage.Running;
        return new(
            Generation.Generation.Number, reached, Generation.Shape.Iterations, Schedule.ImagesAt(reached).Images,
            runs ? IterationsPerSecond() * _spec!.Batch : 0,
            Generation.Held.Count > 0 && Generation.Plan is { } plan ? [.. plan.Members.Select(member => member.Worker.Value).Where(worker => Generation.Held.Any(held => held.Value == worker))] : [],
            State.SnapshotImages, Generation.Reason);
    }

    /// <inheritdoc/>
    public Task<List<EventRow>> EventsAsync(long after) => Task.FromResult<List<EventRow>>([.. State.Events.Where(row => row.Number > after)]);

    /// <inheritdoc/>
    public Task<List<LogRow>> LogsAsync(long after) => Task.FromResult<List<LogRow>>([.. _lines.Where(row => row.Number > after)]);

    private void Log(RunEvent happened)
    {
        var json = happened.ToJson();
        Add(json, happened.Describe());
        if (_files.WritesEvents) RunLog.Append(_details!.Store, RunLog.Events, json);
    }

    private void Add(string json, string text)
    {
        State.Events.Add(new(State.NextEvent++, Now.ToUnixTimeMilliseconds(), json, text));
        if (State.Events.Count > EventsKept) State.Events.RemoveRange(0, State.Events.Count - EventsKept);
    }

    private double IterationsPerSecond()
    {
        var now = Now;
        _progress.Enqueue((now, Generation.Reached.Iteration));
        while (_progress.Count > 2 && now - _progress.Peek().At > RateWindow) _progress.Dequeue();
        var (since, iteration) = _progress.Peek();
        var seconds = (now - since).TotalSeconds;
        return seconds > 0 ? Math.Max(0, Generation.Reached.Iteration - iteration) / seconds : 0;
    }
}
