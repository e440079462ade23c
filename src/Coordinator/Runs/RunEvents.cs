using System.Threading.Channels;
using Atelier.Core.Runs;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Atelier.Coordinator.Runs;

/// <summary>What happened to a run, and the lines of its workers' logs, as far back as they are kept.</summary>
/// <param name="state">The events that are stored with the run.</param>
/// <param name="file">Also gets the events; null where nobody wants them there.</param>
/// <param name="time">The clock.</param>
internal sealed class RunEvents(RunEventsState state, RunEventFile? file, TimeProvider time)
{
    private const int EventsKept = 500;
    private const int LinesKept = 2000;

    private readonly Queue<LogRow> _lines = new();
    private long _nextLine = 1;

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>An activation begins: events that were told but not stored had numbers too, and nobody who saw them is to miss what comes.</summary>
    public void Resume()
    {
        if (state.Next > 1) state.Next += EventsKept;
    }

    /// <summary>Adds an event of the coordinator's own.</summary>
    public void Add(RunEvent happened)
    {
        var json = happened.ToJson();
        Add(json, happened.Describe(), isInFile: false);
        AddLine("coordinator", happened.Describe());
    }

    /// <summary>Adds an event that a worker told of.</summary>
    /// <param name="json">The event's line.</param>
    /// <param name="text">For people.</param>
    /// <param name="isInFile">Whether the worker has written it into the run's folder.</param>
    public void Add(string json, string text, bool isInFile)
    {
        state.Rows.Add(new(state.Next++, Now, json, text));
        if (state.Rows.Count > EventsKept) state.Rows.RemoveRange(0, state.Rows.Count - EventsKept);
        if (!isInFile) file?.Append(json);
    }

    /// <summary>Adds a line of a log.</summary>
    public void AddLine(string worker, string line)
    {
        _lines.Enqueue(new(_nextLine++, Now, worker, line));
        if (_lines.Count > LinesKept) _lines.Dequeue();
    }

    /// <summary>Events after a number, oldest first.</summary>
    public List<EventRow> After(long number) => [.. state.Rows.Where(row => row.Number > number)];

    /// <summary>Lines after a number, oldest first.</summary>
    public List<LogRow> LinesAfter(long number) => [.. _lines.Where(row => row.Number > number)];
}

/// <summary>The events of a run that are stored.</summary>
public sealed class RunEventsState
{
    /// <summary>The last events.</summary>
    public List<EventRow> Rows { get; set; } = [];

    /// <summary>Number of the next event.</summary>
    public long Next { get; set; } = 1;
}

/// <summary>
/// The file <c>events.jsonl</c> in a run's folder, written outside the grain's turns. A folder that cannot be written stops no run: the
/// grain has the events too.
/// </summary>
internal sealed partial class RunEventFile : IDisposable
{
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });
    private readonly RunStore _store;
    private readonly ILogger _log;

    /// <param name="store">The run's store.</param>
    /// <param name="log">Told of a folder that cannot be written.</param>
    public RunEventFile(RunStore store, ILogger log)
    {
        (_store, _log) = (store, log);
        _ = Task.Run(WriteAsync);
    }

    /// <summary>Appends a line.</summary>
    public void Append(string line) => _lines.Writer.TryWrite(line);

    /// <inheritdoc/>
    public void Dispose() => _lines.Writer.TryComplete();

    [LoggerMessage(Level = LogLevel.Warning, Message = "events of the run in {Folder} cannot be written to its folder: {Reason}")]
    private static partial void Unwritten(ILogger logger, string? folder, string reason);

    private async Task WriteAsync()
    {
        await foreach (var line in _lines.Reader.ReadAllAsync())
        {
            try
            {
                _store.Append(RunStore.Events, line);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                Unwritten(_log, _store.Folder, error.Message);
            }
        }
    }
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
public sealed record LogRow([property: Id(0)] long Number, [property: Id(1)] long AtUnixMs, [property: Id(2)] string Worker, [property: Id(3)] string Text);
