using System.Text.Json;
using Atelier.Core;
using Atelier.Core.Runs;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Atelier.Coordinator.Runs;

/// <summary>
/// What happened to a run, and the lines of its workers' logs: the last of them here, all of them in the run's store. Events are part of the
/// grain's state; lines are read from the store when the grain comes up elsewhere.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="state">The events that are stored with the run.</param>
/// <param name="journal">Writes both into the run's store.</param>
/// <param name="writesEvents">Whether events go there; false where whoever started the coordinator writes them.</param>
/// <param name="log">Told of everything, with what it is about.</param>
/// <param name="time">The clock.</param>
internal sealed partial class RunEvents(string run, RunEventsState state, RunJournal journal, bool writesEvents, ILogger log, TimeProvider time)
{
    /// <summary>So many of the last events are kept at hand.</summary>
    public const int EventsKept = 500;

    /// <summary>So many of the last lines are kept at hand.</summary>
    public const int LinesKept = 2000;

    private const string Coordinator = "coordinator";

    private readonly Queue<LogRow> _lines = new();
    private readonly List<LogRow> _early = [];
    private long _nextLine = 1;

    /// <summary>The run's generation, for the log.</summary>
    public Func<long> Generation { get; set; } = () => 0;

    /// <summary>Whether the lines of before are there.</summary>
    public bool AreLinesKnown { get; private set; }

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>An activation begins: events that were told but not stored had numbers too, and nobody who saw them is to miss what comes.</summary>
    public void Resume()
    {
        if (state.Next > 1) state.Next += EventsKept;
    }

    /// <summary>Takes in what the run's store has of before.</summary>
    /// <param name="lines">The last lines of the log, oldest first.</param>
    /// <param name="events">The last events, for a run that this coordinator's database knows nothing of.</param>
    public void Recall(IReadOnlyList<LogRow> lines, IReadOnlyList<string> events)
    {
        AreLinesKnown = true;
        foreach (var line in lines.TakeLast(LinesKept)) _lines.Enqueue(line);
        // Lines that were told but not written had numbers too.
        if (lines.Count > 0) _nextLine = lines.Max(line => line.Number) + LinesKept;
        foreach (var line in _early) Keep(line);
        _early.Clear();
        if (state.Next > 1) return;
        foreach (var happened in events.Select(Parse).OfType<RunEvent>())
            state.Rows.Add(new(state.Next++, happened.At.ToUnixTimeMilliseconds(), happened.ToJson(), happened.Describe()));
    }

    /// <summary>Adds an event of the coordinator's own.</summary>
    public void Add(RunEvent happened)
    {
        var json = happened.ToJson();
        Add(json, happened.Describe(), isInFile: false);
        AddLine(Coordinator, happened.Describe());
    }

    /// <summary>Adds an event that a worker told of.</summary>
    /// <param name="json">The event's line.</param>
    /// <param name="text">For people.</param>
    /// <param name="isInFile">Whether the worker has written it into the run's folder.</param>
    public void Add(string json, string text, bool isInFile)
    {
        state.Rows.Add(new(state.Next++, Now, json, text));
        if (state.Rows.Count > EventsKept) state.Rows.RemoveRange(0, state.Rows.Count - EventsKept);
        if (!isInFile && writesEvents) journal.Append(RunStore.Events, json);
    }

    /// <summary>Adds a line of a log.</summary>
    public void AddLine(string worker, string line)
    {
        using (log.BeginScope(new KeyValuePair<string, object?>[] { new("run", run), new("generation", Generation()), new("worker", worker) }))
            Told(log, line);
        var row = new LogRow(0, Now, worker, line);
        if (AreLinesKnown) Keep(row);
        else if (_early.Count < LinesKept) _early.Add(row);
    }

    /// <summary>Events after a number, oldest first.</summary>
    public List<EventRow> After(long number) => [.. state.Rows.Where(row => row.Number > number)];

    /// <summary>Lines after a number, oldest first.</summary>
    public List<LogRow> LinesAfter(long number) => [.. _lines.Where(row => row.Number > number)];

    [LoggerMessage(Level = LogLevel.Information, Message = "{Line}")]
    private static partial void Told(ILogger logger, string line);

    private void Keep(LogRow line)
    {
        line = line with { Number = _nextLine++ };
        _lines.Enqueue(line);
        if (_lines.Count > LinesKept) _lines.Dequeue();
        journal.Append(RunStore.Log, line.ToJson());
    }

    private static RunEvent? Parse(string line)
    {
        try
        {
            return RunEvent.FromJson(line);
        }
        catch (UserErrorException)
        {
            // Cut off by a crash, or of a later version.
            return null;
        }
    }
}

/// <summary>The events of a run that are stored.</summary>
public sealed class RunEventsState
{
    /// <summary>The last events.</summary>
    public List<EventRow> Rows { get; set; } = [];

    /// <summary>Number of the next event.</summary>
    public long Next { get; set; } = 1;
}

/// <summary>An event.</summary>
/// <param name="Number">Rises by one.</param>
/// <param name="AtUnixMs">When.</param>
/// <param name="Json">As a line of `events.jsonl`, or of `stats.jsonl` for a tick.</param>
/// <param name="Text">For people.</param>
[GenerateSerializer, Immutable, Alias("atelier.event")]
public sealed record EventRow([property: Id(0)] long Number, [property: Id(1)] long AtUnixMs, [property: Id(2)] string Json, [property: Id(3)] string Text);

/// <summary>A line of a worker's log, or of the coordinator's about the run.</summary>
/// <param name="Number">Rises by one.</param>
/// <param name="AtUnixMs">When it came.</param>
/// <param name="Worker">Whose.</param>
/// <param name="Text">The line.</param>
[GenerateSerializer, Immutable, Alias("atelier.log-line")]
public sealed record LogRow([property: Id(0)] long Number, [property: Id(1)] long AtUnixMs, [property: Id(2)] string Worker, [property: Id(3)] string Text)
{
    /// <summary>As a line of <c>log.jsonl</c>.</summary>
    public string ToJson() => JsonSerializer.Serialize(new StoredLine(Number, DateTimeOffset.FromUnixTimeMilliseconds(AtUnixMs), Worker, Text), StoredLine.Names);

    /// <summary>Reads a line of <c>log.jsonl</c>; null for one that was cut off by a crash.</summary>
    public static LogRow? FromJson(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<StoredLine>(line, StoredLine.Names) is { } stored ? new(stored.Number, stored.At.ToUnixTimeMilliseconds(), stored.Worker ?? "", stored.Text ?? "") : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record StoredLine(long Number, DateTimeOffset At, string? Worker, string? Text)
    {
        public static JsonSerializerOptions Names { get; } = new(JsonSerializerDefaults.Web);
    }
}
