using System.Collections.Concurrent;
using System.Threading.Channels;
using Atelier.Core.Runs;
using Atelier.Storage.Blobs;
using Atelier.Storage.Snapshots;
using Microsoft.Extensions.Logging;

namespace Atelier.Coordinator.Runs;

/// <summary>
/// What a run does to its store, outside its grain's turns: one thing after the other. Each leaves a completion, which the grain
/// carries out in a turn of its own. A store may be slow, or away; the grain answers meanwhile.
/// </summary>
internal sealed partial class StoreWork : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly Channel<Job> _jobs = Channel.CreateUnbounded<Job>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentQueue<Func<Task>> _completions = new();
    private readonly CancellationTokenSource _end = new();
    private readonly Func<Task> _wake;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private volatile string? _trouble;

    /// <param name="wake">Lets the grain have a turn.</param>
    /// <param name="log">Told of what should not happen.</param>
    /// <param name="time">The clock.</param>
    public StoreWork(Func<Task> wake, ILogger log, TimeProvider time)
    {
        (_wake, _log, _time) = (wake, log, time);
        _ = Task.Run(WorkAsync);
    }

    /// <summary>Why nothing gets on at the moment; null where everything does.</summary>
    public string? Trouble => _trouble;

    /// <summary>Does something, once.</summary>
    /// <param name="store">The run's store.</param>
    /// <param name="work">What; it gives the completion. A store that fails is its own business.</param>
    public void Do(string store, Func<RunStore, CancellationToken, Task<Func<Task>>> work) => _jobs.Writer.TryWrite(new(store, work, Repeats: false));

    /// <summary>Does something again and again until the store lets it; doing it twice must be harmless.</summary>
    /// <param name="store">The run's store.</param>
    /// <param name="work">What; it gives the completion.</param>
    public void DoUntilDone(string store, Func<RunStore, CancellationToken, Task<Func<Task>>> work) => _jobs.Writer.TryWrite(new(store, work, Repeats: true));

    /// <summary>Carries out what has been completed; called in the grain's turns.</summary>
    /// <returns>Whether there was anything.</returns>
    public async Task<bool> CompleteAsync()
    {
        var any = false;
        while (_completions.TryDequeue(out var completion))
        {
            any = true;
            await completion();
        }

        return any;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _jobs.Writer.TryComplete();
        _end.Cancel();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "giving up work on {Store} after it failed")]
    private static partial void Failed(ILogger logger, string store, Exception error);

    [LoggerMessage(Level = LogLevel.Debug, Message = "could not wake the grain; its next pulse will pick up the result")]
    private static partial void NotWoken(ILogger logger, Exception error);

    private async Task WorkAsync()
    {
        await foreach (var job in _jobs.Reader.ReadAllAsync())
        {
            if (_end.IsCancellationRequested || await TryDoAsync(job) is not { } completion)
                continue;
            _completions.Enqueue(completion);
            try
            {
                await _wake();
            }
            catch (Exception error)
            {
                NotWoken(_log, error);
            }
        }
    }

    private async Task<Func<Task>?> TryDoAsync(Job job)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                var completion = await job.Work(new RunStore(job.Store, _time), _end.Token);
                _trouble = null;
                return completion;
            }
            catch (OperationCanceledException) when (_end.IsCancellationRequested)
            {
                return null;
            }
            catch (Exception error) when (job.Repeats && error is IOException or UnauthorizedAccessException)
            {
                _trouble = $"cannot use {job.Store} ({error.Message}); retrying";
                await Task.Delay(pause, _time, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception error)
            {
                Failed(_log, job.Store, error);
                return null;
            }
        }
    }

    private sealed record Job(string Store, Func<RunStore, CancellationToken, Task<Func<Task>>> Work, bool Repeats);
}

/// <summary>A run's store: its snapshots, and the files of its folder where it is one.</summary>
/// <param name="location">The folder, or <c>s3://BUCKET/PREFIX</c>.</param>
/// <param name="time">The clock.</param>
internal sealed class RunStore(string location, TimeProvider time)
{
    /// <summary>The file of events.</summary>
    public const string Events = "events.jsonl";

    /// <summary>The file of what workers and coordinators said.</summary>
    public const string Log = "log.jsonl";

    /// <summary>The last lines of a file are looked for in so much of its end.</summary>
    private const int TailBytes = 1 << 20;

    private readonly StoreLocation _location = StoreLocation.Parse(location);

    /// <summary>Its snapshots.</summary>
    public SnapshotStore Snapshots { get; } = new(StoreLocation.Parse(location).Open(), time);

    /// <summary>Where it is, as it was named.</summary>
    public string Location => location;

    /// <summary>Its folder; null where it is none.</summary>
    public string? Folder => (_location as StoreLocation.Folder)?.Path;

    /// <summary>Appends lines to a file. Where there are no folders, and so no files that grow, they become an object of their own.</summary>
    public async Task AppendAsync(string file, IReadOnlyList<string> lines, CancellationToken cancellation)
    {
        if (Folder is not { } folder)
        {
            await PutPartAsync(NameOfPart(file), lines, cancellation);
            return;
        }

        Directory.CreateDirectory(folder);
        using var stream = new FileStream(Path.Combine(folder, file), FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        stream.Write(TextOf(lines));
    }

    /// <summary>Writes a part of a file, which exists or not, where there are no folders.</summary>
    public Task PutPartAsync(string name, IReadOnlyList<string> lines, CancellationToken cancellation) =>
        _location.Open().PutAsync(name, async (stream, token) => await stream.WriteAsync(TextOf(lines), token), cancellation);

    /// <summary>The name of a new part of a file, where there are no folders.</summary>
    public string NameOfPart(string file) => $"{RunFileNames.PartsOf(file)}{time.GetUtcNow().ToUnixTimeMilliseconds():D15}-{Guid.NewGuid():N}.jsonl";

    /// <summary>The last lines of a file, oldest first; none where there is no such file.</summary>
    public async Task<IReadOnlyList<string>> TailAsync(string file, int most, CancellationToken cancellation)
    {
        if (Folder is { } folder)
        {
            var path = Path.Combine(folder, file);
            if (!File.Exists(path)) return [];
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var isCut = stream.Length > TailBytes;
            if (isCut) stream.Seek(-TailBytes, SeekOrigin.End);
            return [.. (await LinesOfAsync(stream, cancellation)).Skip(isCut ? 1 : 0).TakeLast(most)];
        }

        var blobs = _location.Open();
        var lines = new List<string>();
        foreach (var part in (await blobs.ListAsync(RunFileNames.PartsOf(file), cancellation)).Reverse())
        {
            using var stream = await blobs.OpenReadAsync(part, cancellation);
            lines.InsertRange(0, await LinesOfAsync(stream, cancellation));
            if (lines.Count >= most) break;
        }

        return [.. lines.TakeLast(most)];
    }

    /// <summary>Free space where its folder is, or is to be made; null for a store that is none.</summary>
    public long? FreeBytes()
    {
        var place = Folder;
        while (place is not null && !Directory.Exists(place)) place = Path.GetDirectoryName(place);
        return string.IsNullOrEmpty(place) ? null : new DriveInfo(place).AvailableFreeSpace;
    }

    /// <summary>Appends a line that a file does not have yet. Where there are no folders it may come to be there twice.</summary>
    public Task AppendOnceAsync(string file, string line, CancellationToken cancellation) =>
        Folder is { } folder && Path.Combine(folder, file) is var path && File.Exists(path) && File.ReadLines(path).Contains(line) ? Task.CompletedTask : AppendAsync(file, [line], cancellation);

    private static byte[] TextOf(IReadOnlyList<string> lines) => System.Text.Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n");

    private static async Task<List<string>> LinesOfAsync(Stream stream, CancellationToken cancellation)
    {
        using var reader = new StreamReader(stream);
        var lines = new List<string>();
        while (await reader.ReadLineAsync(cancellation) is { } line) lines.Add(line);
        return lines;
    }

    /// <summary>Deletes what workers left for each other to measure a snapshot.</summary>
    public Task DeleteEvaluationAsync(SnapshotName snapshot, CancellationToken cancellation) => EvaluationFolder.DeleteAsync(_location.Open(), snapshot, cancellation);
}
