using System.Text.Json;
using System.Threading.Channels;
using Atelier.Core.Runs;
using Atelier.Storage.TensorBoard;
using Microsoft.Extensions.Logging;

namespace Atelier.Coordinator.Runs;

/// <summary>
/// Appends lines to the files of a run's store, outside the grain's turns. A store that cannot be written stops no run: it is tried again,
/// and where it stays away the oldest lines are given up.
/// </summary>
internal sealed partial class RunJournal : IDisposable
{
    private const string Ticks = "ticks", Metrics = "metrics";

    /// <summary>
    /// Ticks in an object of a store without folders, which is written anew with each until it has so many: a dashboard reads the ticks of weeks
    /// in some hundred requests.
    /// </summary>
    private const int TicksPerPart = 64;

    /// <summary>More lines than this do not wait for a store.</summary>
    private const int MostWaiting = 4096;

    /// <summary>A store without folders gets an object for all lines of so long a time.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(5);

    private readonly Channel<(string File, string Line)> _lines = Channel.CreateBounded<(string, string)>(
        new BoundedChannelOptions(MostWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest });

    private readonly ScalarFile? _scalars;
    private readonly List<string> _part = [];
    private string _partName = "";
    private readonly CancellationTokenSource _end = new();
    private readonly RunStore _store;
    private readonly ILogger _log;
    private readonly TimeProvider _time;

    /// <param name="store">The run's store.</param>
    /// <param name="log">Told of one that cannot be written.</param>
    /// <param name="time">The clock.</param>
    public RunJournal(RunStore store, ILogger log, TimeProvider time)
    {
        (_store, _log, _time) = (store, log, time);
        _scalars = store.Folder is { } folder ? new ScalarFile(folder, time) : null;
        Written = Task.Run(WriteAsync);
    }

    /// <summary>Ends after <see cref="Dispose"/>, when what was appended is written, or the store could not be written once more.</summary>
    public Task Written { get; }

    /// <summary>Appends a line.</summary>
    public void Append(string file, string line) => _lines.Writer.TryWrite((file, line));

    /// <summary>Adds a tick: to what TensorBoard reads, where the store is a folder, whose <c>stats.jsonl</c> a worker writes; to the store's own ticks otherwise.</summary>
    public void AddTick(string line) => Append(Ticks, line);

    /// <summary>Adds a metric to what TensorBoard reads, where the store is a folder.</summary>
    public void AddMetric(string line) => Append(Metrics, line);

    /// <inheritdoc/>
    public void Dispose()
    {
        _lines.Writer.TryComplete();
        _end.Cancel();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "cannot write the run's files in {Store}: {Reason}")]
    private static partial void Unwritten(ILogger logger, string store, string reason);

    private async Task WriteAsync()
    {
        while (await _lines.Reader.WaitToReadAsync())
        {
            if (_store.Folder is null) await PauseAsync(Gathering);
            var batch = new List<(string File, string Line)>();
            while (_lines.Reader.TryRead(out var next)) batch.Add(next);
            foreach (var scalar in batch.Where(line => line.File is Ticks or Metrics)) AddScalar(scalar.File, scalar.Line);
            foreach (var file in batch.Where(line => line.File is not (Ticks or Metrics)).GroupBy(line => line.File))
                await UntilWrittenAsync(() => _store.AppendAsync(file.Key, [.. file.Select(line => line.Line)], CancellationToken.None));
            if (_store.Folder is null) await PutTicksAsync([.. batch.Where(line => line.File == Ticks).Select(line => line.Line)]);
        }
    }

    private async Task PutTicksAsync(IReadOnlyList<string> ticks)
    {
        foreach (var some in ticks.Chunk(TicksPerPart))
        {
            if (_part.Count == 0 || _part.Count + some.Length > TicksPerPart)
            {
                _part.Clear();
                _partName = _store.NameOfPart(RunFileNames.Stats);
            }

            _part.AddRange(some);
            await UntilWrittenAsync(() => _store.PutPartAsync(_partName, _part, CancellationToken.None));
        }
    }

    private void AddScalar(string kind, string line)
    {
        try
        {
            if (kind == Ticks) _scalars?.AddTick(line);
            else _scalars?.AddMetric(line);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // `stats.jsonl` and `metric-NAME.jsonl` have it too.
            Unwritten(_log, _store.Location, error.Message);
        }
    }

    private async Task UntilWrittenAsync(Func<Task> write)
    {
        for (var isTold = false; ; isTold = true)
        {
            try
            {
                await write();
                return;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                if (!isTold) Unwritten(_log, _store.Location, error.Message);
                if (_end.IsCancellationRequested) return;
                await PauseAsync(TryAgain);
            }
        }
    }

    private Task PauseAsync(TimeSpan pause) => _end.IsCancellationRequested ? Task.CompletedTask : Task.Delay(pause, _time, _end.Token).ContinueWith(_ => { }, TaskScheduler.Default);
}
