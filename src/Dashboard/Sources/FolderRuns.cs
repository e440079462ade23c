using System.Collections.Concurrent;
using System.Text.Json;
using Atelier.Core;
using Atelier.Core.Fleet;
using Atelier.Core.Runs;
using Atelier.Core.Specs;
using Atelier.Dashboard.Live;
using Atelier.Protos;
using RunEvent = Atelier.Core.Runs.RunEvent;

namespace Atelier.Dashboard.Sources;

/// <summary>Runs whose folders lie on this machine, without a coordinator: one folder, or all in a folder. They are read, never changed.</summary>
/// <param name="folder">A run's folder, or a folder with runs' folders.</param>
/// <param name="time">The clock.</param>
public sealed class FolderRuns(string folder, TimeProvider time) : IRunSource
{
    private const string Record = "run.json", Events = "events.jsonl", Stats = "stats.jsonl";

    /// <summary>A trainer that is at work adds a tick or an event within this time, unless its ticks are very long.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, Known> _known = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public bool IsCoordinator => false;

    /// <summary>Whether there is a run, or may come to be one.</summary>
    /// <exception cref="UserErrorException">There is no such folder.</exception>
    public void Require()
    {
        if (!Directory.Exists(folder)) throw new UserErrorException($"{folder}: folder not found; name a run folder, or a folder that contains run folders");
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Run>> RunsAsync(CancellationToken cancellation)
    {
        var runs = new List<Run>();
        foreach (var (name, path) in Folders())
        {
            if (await ReadAsync(name, path, cancellation) is { } known) runs.Add(known.Description.Run);
        }

        return runs;
    }

    /// <inheritdoc/>
    public async Task<RunDescription> DescribeAsync(string run, CancellationToken cancellation) => (await OfAsync(run, cancellation)).Description;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Protos.RunEvent>> EventsAsync(string run, long after, CancellationToken cancellation) =>
        [.. (await OfAsync(run, cancellation)).Lines.Select((line, index) => (line, Number: index + 1L)).Where(row => row.Number > after).Select(row => RowOf(row.Number, row.line)).OfType<Protos.RunEvent>()];

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> EventLinesAsync(string run, int most, CancellationToken cancellation) => [.. (await OfAsync(run, cancellation)).Lines.TakeLast(most)];

    /// <inheritdoc/>
    public Task<IReadOnlyList<Worker>> WorkersAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<Worker>>([]);

    /// <inheritdoc/>
    public Task<SubmitPreview> PreviewAsync(SubmitRequest request, CancellationToken cancellation) => throw ReadOnly();

    /// <inheritdoc/>
    public Task<Run> SubmitAsync(SubmitRequest request, CancellationToken cancellation) => throw ReadOnly();

    /// <inheritdoc/>
    public Task<Run> PauseAsync(PauseRequest request, CancellationToken cancellation) => throw ReadOnly();

    /// <inheritdoc/>
    public Task<Run> ResumeAsync(ResumeRequest request, CancellationToken cancellation) => throw ReadOnly();

    /// <inheritdoc/>
    public Task<Run> CancelAsync(CancelRequest request, CancellationToken cancellation) => throw ReadOnly();

    private static UserErrorException ReadOnly() => new("this dashboard only shows a folder; send commands to the dashboard of a coordinator");

    private static Protos.RunEvent? RowOf(long number, string line) =>
        EventText.Read([line]) is [var happened] ? new() { Number = number, AtUnixMs = happened.At.ToUnixTimeMilliseconds(), Json = line, Text = happened.Describe() } : null;

    private IEnumerable<(string Name, string Path)> Folders()
    {
        if (File.Exists(Path.Combine(folder, Record))) return [(NameOf(folder), folder)];
        return Directory.Exists(folder) ? Directory.EnumerateDirectories(folder).Where(path => File.Exists(Path.Combine(path, Record))).Order(StringComparer.Ordinal).Select(path => (NameOf(path), path)) : [];
    }

    private static string NameOf(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));

    private async Task<Known> OfAsync(string run, CancellationToken cancellation) =>
        Folders().FirstOrDefault(pair => pair.Name == run) is { Path: { } path } && await ReadAsync(run, path, cancellation) is { } known
            ? known
            : throw new RunNotFoundException($"no run named {run} in {folder}");

    /// <summary>Reads what has changed; null for a folder whose record cannot be read.</summary>
    private async Task<Known?> ReadAsync(string name, string path, CancellationToken cancellation)
    {
        var marks = string.Join('/', new[] { Record, Events, Stats }.Select(file => new FileInfo(Path.Combine(path, file))).Select(file => file.Exists ? $"{file.Length}.{file.LastWriteTimeUtc.Ticks}" : ""));
        var isQuiet = time.GetUtcNow() - NewestOf(path) > Quiet;
        if (_known.TryGetValue(name, out var known) && known.Marks == marks && known.IsQuiet == isQuiet) return known;
        try
        {
            using var record = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(path, Record), cancellation));
            var files = new RunFiles(path, time);
            var lines = await files.TailAsync(Events, int.MaxValue, cancellation);
            var description = Describe(name, path, record.RootElement, EventText.Read(lines), await files.LastLineAsync(Stats, cancellation), isQuiet);
            if (Pages.Show.MetricName(description.Run) is { } metric && await files.NewestAsync(metric, cancellation) is { } newest) description.Run.Metric = newest;
            return _known[name] = new(marks, isQuiet, description, lines);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            // Another version's, or damaged: `atelier train` says so when it is asked to go on there.
            return null;
        }
    }

    private static RunDescription Describe(string name, string path, JsonElement record, IReadOnlyList<RunEvent> events, string? tick, bool isQuiet)
    {
        var (kimg, secondsPerKimg) = ProgressOf(tick);
        var last = events.LastOrDefault(happened => happened is RunStarted or RunResumed or RunStopped or RunFinished or FleetNoted);
        var spec = record.GetProperty("spec").GetRawText();
        var (status, reason) = (last, isQuiet) switch
        {
            (RunFinished, _) => (RunStatus.Finished, ""),
            (RunStopped stopped, _) => (RunStatus.Paused, stopped.Describe()),
            (_, true) => (RunStatus.Paused, "nothing was written for a while; no process seems to be training here"),
            _ => (RunStatus.Running, ""),
        };
        var run = new Run
        {
            Run_ = name,
            Status = status,
            Reason = reason,
            SpecJson = spec,
            Images = ImageCount.FromKimg(Math.Max(kimg, events.Count > 0 ? events.Max(happened => happened.Kimg) : 0)).Images,
            TargetImages = TotalOf(spec),
            SubmittedUnixMs = record.GetProperty("created").GetDateTimeOffset().ToUnixTimeMilliseconds(),
            ChangedUnixMs = last?.At.ToUnixTimeMilliseconds() ?? 0,
        };
        if (status == RunStatus.Running && secondsPerKimg > 0)
        {
            run.ImagesPerSecond = Math.Round(1000 / secondsPerKimg, 2);
            run.RemainingSeconds = Math.Max(0, run.TargetImages - run.Images) / run.ImagesPerSecond;
        }

        if (events.OfType<SnapshotWritten>().LastOrDefault() is { } snapshot) run.SnapshotImages = ImageCount.FromKimg(snapshot.Kimg).Images;
        return new()
        {
            Run = run,
            Branch = record.GetProperty("branch").GetUInt32(),
            Places = new() { RunStore = path, DataPath = record.GetProperty("data").GetString() ?? "", InitPath = record.TryGetProperty("init", out var init) && init.ValueKind == JsonValueKind.String ? init.GetString()! : "" },
        };
    }

    private static long TotalOf(string spec)
    {
        try
        {
            return RunSpecJson.Read(spec, Record).Total.Images;
        }
        catch (UserErrorException)
        {
            return 0;
        }
    }

    private static (double Kimg, double SecondsPerKimg) ProgressOf(string? tick)
    {
        if (tick is null) return (0, 0);
        try
        {
            using var json = JsonDocument.Parse(tick);
            return (json.RootElement.GetProperty("Progress/kimg").GetProperty("mean").GetDouble(), json.RootElement.GetProperty("Timing/sec_per_kimg").GetProperty("mean").GetDouble());
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // Half a line.
            return (0, 0);
        }
    }

    private static DateTimeOffset NewestOf(string path) => new[] { Record, Events, Stats }.Max(file => new DateTimeOffset(File.GetLastWriteTimeUtc(Path.Combine(path, file)), TimeSpan.Zero));

    private sealed record Known(string Marks, bool IsQuiet, RunDescription Description, IReadOnlyList<string> Lines);
}
