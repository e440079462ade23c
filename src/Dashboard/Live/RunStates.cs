using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Atelier.Core;
using Atelier.Core.Fleet;
using Atelier.Dashboard.Pages;
using Atelier.Dashboard.Pages.Parts;
using Atelier.Dashboard.Sources;
using Atelier.Protos;

namespace Atelier.Dashboard.Live;

/// <summary>A part of a page: what it looks like now, and a name for that.</summary>
public sealed record Part(string Html, string Version)
{
    public static Part Of(string html) => new(html, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(html)))[..16]);
}

/// <summary>All runs and workers, and how they are shown.</summary>
public sealed record FleetState(IReadOnlyList<Run> Runs, IReadOnlyList<Worker> Workers, IReadOnlyDictionary<string, Part> Parts);

/// <summary>A run, and how it is shown.</summary>
/// <param name="Description">Where it stands.</param>
/// <param name="LastEvent">Number of the last event.</param>
/// <param name="Files">Its files.</param>
/// <param name="Marks">What has changed of them shows in these.</param>
/// <param name="Parts">Parts of its page, by name.</param>
public sealed record RunState(RunDescription Description, long LastEvent, RunFiles Files, FileMarks Marks, IReadOnlyDictionary<string, Part> Parts)
{
    /// <summary>What a page has to fetch again when it changes: parts, and data of charts and pictures.</summary>
    public IReadOnlyDictionary<string, string> Versions { get; } = Parts.ToDictionary(part => part.Key, part => part.Value.Version)
        .Append(new("curves", $"{Marks.StatsBytes}")).Append(new("samples", $"{Marks.Grids}")).Append(new("metrics", $"{Marks.MetricBytes}")).ToDictionary();
}

/// <summary>What everybody who looks at the dashboard sees: read once a second for all of them.</summary>
/// <param name="source">Where runs come from.</param>
/// <param name="renderer">Draws the parts of pages.</param>
/// <param name="time">The clock.</param>
internal sealed class RunStates(IRunSource source, PageRenderer renderer, TimeProvider time) : IDisposable
{
    /// <summary>Events that a page shows; all of them are in the run's folder.</summary>
    public const int EventsShown = 300;

    /// <summary>Lines from which generations are read.</summary>
    private const int HistoryLines = 5000;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>What a run takes on the disk changes slowly, and takes long to find out.</summary>
    private static readonly TimeSpan DiskInterval = TimeSpan.FromSeconds(20);

    /// <summary>Of runs that nobody has looked at for so long, nothing is kept in memory.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, Entry> _runs = new(StringComparer.Ordinal);
    private Topic<FleetState>? _fleet;

    /// <summary>Where runs come from.</summary>
    public IRunSource Source => source;

    /// <summary>All runs and workers.</summary>
    public Topic<FleetState> Fleet => _fleet ?? Interlocked.CompareExchange(ref _fleet, new(ReadFleetAsync, Interval, time), null) ?? _fleet;

    /// <summary>A run.</summary>
    public Topic<RunState> Of(string run)
    {
        Forget();
        return _runs.GetOrAdd(run, Begin).State;
    }

    /// <summary>What a run takes on the disk.</summary>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    public async Task<DiskUse> DiskAsync(string run, CancellationToken cancellation)
    {
        await Of(run).GetAsync(cancellation);
        return await _runs.GetOrAdd(run, Begin).Disk.GetAsync(cancellation);
    }

    /// <summary>Lines of a run's ticks that the source has.</summary>
    public async Task<IEnumerable<string>> TicksAsync(string run, CancellationToken cancellation) =>
        (await source.EventsAsync(run, 0, cancellation)).Where(EventText.IsTick).Select(tick => tick.Json);

    /// <inheritdoc/>
    public void Dispose()
    {
        _fleet?.Dispose();
        foreach (var entry in _runs.Values) entry.Dispose();
    }

    private Entry Begin(string run)
    {
        var state = new Topic<RunState>((former, cancellation) => ReadRunAsync(run, former, cancellation), Interval, time);
        return new(state, new(async (_, cancellation) => await (await state.GetAsync(cancellation)).Files.DiskAsync(cancellation), DiskInterval, time));
    }

    private void Forget()
    {
        foreach (var (run, entry) in _runs)
            if (time.GetElapsedTime(entry.State.AskedAt) > Memory) _runs.TryRemove(run, out _);
    }

    private async Task<FleetState> ReadFleetAsync(FleetState? former, CancellationToken cancellation)
    {
        var runs = await source.RunsAsync(cancellation);
        var workers = await source.WorkersAsync(cancellation);
        var (areRunsSame, areWorkersSame) = (former is not null && runs.SequenceEqual(former.Runs), former is not null && workers.SequenceEqual(former.Workers));
        if (areRunsSame && areWorkersSame) return former!;
        var parts = new Dictionary<string, Part>
        {
            ["runs"] = areRunsSame ? former!.Parts["runs"] : Part.Of(await renderer.RenderAsync<RunsPart>(new() { [nameof(RunsPart.Runs)] = runs, [nameof(RunsPart.Source)] = source })),
            ["fleet"] = areWorkersSame ? former!.Parts["fleet"] : Part.Of(await renderer.RenderAsync<FleetPart>(new() { [nameof(FleetPart.Workers)] = workers })),
        };
        return new(runs, workers, parts);
    }

    private async Task<RunState> ReadRunAsync(string run, RunState? former, CancellationToken cancellation)
    {
        var description = await source.DescribeAsync(run, cancellation);
        var files = former is not null && former.Files.Location == description.Places.RunStore && former.Description.Run.SubmittedUnixMs == description.Run.SubmittedUnixMs ? former.Files : new(description.Places.RunStore, time);
        var last = await source.EventsAsync(run, former?.LastEvent ?? 0, cancellation) is [.., var newest] ? newest.Number : former?.LastEvent ?? 0;
        var marks = await files.MarksAsync(cancellation);
        var isSame = former is not null && files == former.Files && last == former.LastEvent && description.Equals(former.Description);
        if (isSame && marks == former!.Marks) return former;
        return isSame ? former! with { Marks = marks } : new(description, last, files, marks, await DrawAsync(run, description, former, last, cancellation));
    }

    private async Task<Dictionary<string, Part>> DrawAsync(string run, RunDescription description, RunState? former, long last, CancellationToken cancellation)
    {
        var parts = new Dictionary<string, Part>
        {
            ["head"] = Part.Of(await renderer.RenderAsync<HeadPart>(new() { [nameof(HeadPart.Description)] = description, [nameof(HeadPart.Source)] = source })),
        };
        var areWorkersSame = former is not null && description.Workers.Equals(former.Description.Workers);
        parts["workers"] = areWorkersSame ? former!.Parts["workers"] : Part.Of(await renderer.RenderAsync<FleetPart>(new() { [nameof(FleetPart.Workers)] = description.Workers, [nameof(FleetPart.OfRun)] = true }));
        var isSpecSame = former is not null && description.Run.SpecJson == former.Description.Run.SpecJson;
        parts["spec"] = isSpecSame ? former!.Parts["spec"] : Part.Of(await renderer.RenderAsync<SpecPart>(new() { [nameof(SpecPart.Description)] = description }));
        if (former is not null && last == former.LastEvent)
        {
            (parts["events"], parts["generations"]) = (former.Parts["events"], former.Parts["generations"]);
            return parts;
        }

        var events = EventText.Read(await source.EventLinesAsync(run, HistoryLines, cancellation));
        parts["events"] = Part.Of(await renderer.RenderAsync<EventsPart>(new() { [nameof(EventsPart.Events)] = events.TakeLast(EventsShown).Reverse().ToList(), [nameof(EventsPart.All)] = events.Count }));
        parts["generations"] = Part.Of(await renderer.RenderAsync<GenerationsPart>(new() { [nameof(GenerationsPart.Generations)] = GenerationHistory.Of(events) }));
        return parts;
    }

    private sealed record Entry(Topic<RunState> State, Topic<DiskUse> Disk) : IDisposable
    {
        public void Dispose()
        {
            State.Dispose();
            Disk.Dispose();
        }
    }
}
