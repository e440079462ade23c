using System.Text.Json;
using Atelier.Coordinator.Evaluations;
using Atelier.Coordinator.Fleet;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Runs;
using Atelier.Storage.Snapshots;
using Orleans;

namespace Atelier.Coordinator.Runs;

/// <content>What workers and evaluations tell of the run besides reports, and what people see of it.</content>
public sealed partial class RunGrain
{
    /// <inheritdoc/>
    public async Task SliceAsync(SliceNote slice)
    {
        ArgumentNullException.ThrowIfNull(slice);
        if (await PrepareAsync()) await _parts!.Snapshots.SliceAsync(slice);
    }

    /// <inheritdoc/>
    public async Task MeasuredAsync(EvaluationResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        if (await PrepareAsync()) await _parts!.Evaluations.MeasuredAsync(result);
    }

    /// <inheritdoc/>
    public async Task TidyAsync(string snapshot)
    {
        if (await PrepareAsync() && SnapshotName.TryParse(snapshot) is { } name) _parts!.Evaluations.Tidy(name);
    }

    /// <inheritdoc/>
    public async Task NoteAsync(WorkerNote note)
    {
        ArgumentNullException.ThrowIfNull(note);
        // One that is not taken in now is told again.
        if (!await PrepareAsync())
        {
            if (_parts is null) return;
            throw new RunNotReadyException();
        }

        var key = $"{note.Worker.Worker} {note.Worker.Incarnation}";
        if (note.Number > 0 && note.Number <= State.HeardNotes.GetValueOrDefault(key)) return;
        if (note.Number > 0) State.HeardNotes[key] = note.Number;
        foreach (var gone in State.HeardNotes.Keys.Where(known => !Run.Live.ContainsKey(known.Split(' ')[0]) && known != key).ToList()) State.HeardNotes.Remove(gone);
        // A worker writes ticks into the run's folder itself.
        Run.Events.Add(note.Json, note.Text, isInFile: note.IsTick);
        if (note.IsTick) _parts!.Observer.ObserveTick(note.Json);
        if (note.IsTick) return;
        if (note.IsFailure) State.NonFinite = new(KimgOf(note.Json), note.Text);
        await StoreAsync();
        if (note.IsFailure) _parts!.Quality.ResolveNonFinite();
    }

    private static double KimgOf(string json)
    {
        using var read = JsonDocument.Parse(json);
        return read.RootElement.TryGetProperty("kimg", out var kimg) && kimg.TryGetDouble(out var value) ? value : 0;
    }

    /// <inheritdoc/>
    public async Task LogAsync(string worker, List<string> lines)
    {
        if (!await PrepareAsync()) return;
        foreach (var line in lines ?? []) Run.Events.AddLine(worker, line);
    }

    /// <inheritdoc/>
    public async Task<RunFacts> DescribeAsync()
    {
        if (!await PrepareAsync()) return new(0, 0, 0, 0, 0, [], null, _work.Trouble ?? (_parts is null ? "" : "reading the run folder"));
        var reached = Generation.Reached.Iteration;
        var losses = _parts!.Observer.Losses;
        var runs = Generation.Stage == GenerationStage.Running;
        return new(
            Generation.Generation.Number, reached, Generation.Shape.Iterations, Run.Schedule.ImagesAt(reached).Images,
            runs && Run.Rate.PerSecond(Now) is { } rate ? rate * Run.Spec.Batch : 0,
            Generation.Held.Count > 0 && Generation.Plan is { } plan ? [.. plan.Members.Select(member => member.Worker.Value).Where(worker => Generation.Held.Any(held => held.Value == worker))] : [],
            State.SnapshotImages, _work.Trouble ?? Generation.Reason, losses.Generator, losses.Discriminator,
            Run.FirstMetric is { } first && State.Measured.TryGetValue(first, out var measured) ? measured : null)
        {
            Metrics = new(State.Measured),
        };
    }

    /// <inheritdoc/>
    public async Task EvictedAsync(string text)
    {
        if (!await PrepareAsync()) return;
        Run.Log(new FleetNoted(Now, Run.Schedule.ImagesAt(Generation.Reached.Iteration).Kimg, Generation.Generation.Number, text));
        await StoreAsync();
    }

    /// <inheritdoc/>
    public async Task ForgetAsync()
    {
        // Somebody has submitted one of its name meanwhile: its grain begins anew by itself.
        if (await Fleet.DetailsAsync(Name) is not null) return;
        if (State.Measuring.Count > 0) await GrainFactory.GetGrain<IEvaluationsGrain>(0).DropAsync(State.Measuring);
        if (State.Epoch > 0) await BeginAnewAsync(new());
        DeactivateOnIdle();
    }

    /// <inheritdoc/>
    public async Task<List<EventRow>> EventsAsync(long after) => await PrepareAsync() ? Run.Events.After(after) : [];

    /// <inheritdoc/>
    public async Task<List<LogRow>> LogsAsync(long after) => !await PrepareAsync() ? [] : Run.Events.AreLinesKnown || await _work.CompleteAsync() && Run.Events.AreLinesKnown ? Run.Events.LinesAfter(after) : throw new RunNotReadyException();

    private void ObserveProgress()
    {
        // What was stored is behind what workers have reached meanwhile.
        if (Generation.Reached.Iteration == _storedIteration) return;
        _storedIteration = null;
        // Between two generations time goes on; where a run stands still it does not count.
        if (Generation.Stage == GenerationStage.Running) Run.Rate.Observe(Now, Generation.Reached.Iteration);
        else if (Generation.Held.Count == 0) Run.Rate.Stop();
    }
}

/// <summary>Something that happened where only a worker sees it.</summary>
/// <param name="Worker">Whose process tells.</param>
/// <param name="Number">Of the message: one that comes again was heard; 0 for one that does not.</param>
/// <param name="Json">As a line of `events.jsonl`, or of `stats.jsonl` for a tick.</param>
/// <param name="Text">For people.</param>
/// <param name="IsTick">Whether it is a tick.</param>
/// <param name="IsFailure">Whether the run cannot go on, and why is the text.</param>
[GenerateSerializer, Immutable, Alias("atelier.worker-note")]
public sealed record WorkerNote(
    [property: Id(0)] WorkerKey Worker, [property: Id(1)] long Number, [property: Id(2)] string Json, [property: Id(3)] string Text, [property: Id(4)] bool IsTick, [property: Id(5)] bool IsFailure);

/// <summary>Where a run stands.</summary>
/// <param name="Generation">Number of the last generation.</param>
/// <param name="Iteration">Iterations done, as far as was reported.</param>
/// <param name="TargetIteration">Iterations in all.</param>
/// <param name="Images">Images shown.</param>
/// <param name="ImagesPerSecond">Over the last seconds; 0 while it does not run.</param>
/// <param name="Workers">Its workers in rank order, while it has any.</param>
/// <param name="SnapshotImages">Image count of the newest snapshot; null before the first.</param>
/// <param name="Reason">What the present stage is for.</param>
/// <param name="GeneratorLoss">Mean over the last tick; null before the first that this activation was told of.</param>
/// <param name="DiscriminatorLoss">Likewise.</param>
/// <param name="Metric">The newest value of the run's first metric; null for none.</param>
[GenerateSerializer, Immutable, Alias("atelier.run-facts")]
public sealed record RunFacts(
    [property: Id(0)] long Generation, [property: Id(1)] long Iteration, [property: Id(2)] long TargetIteration, [property: Id(3)] long Images, [property: Id(4)] double ImagesPerSecond,
    [property: Id(5)] List<string> Workers, [property: Id(6)] long? SnapshotImages, [property: Id(7)] string Reason,
    [property: Id(8)] double? GeneratorLoss = null, [property: Id(9)] double? DiscriminatorLoss = null, [property: Id(10)] double? Metric = null)
{
    /// <summary>Newest values of metrics, by name.</summary>
    [Id(11)]
    public Dictionary<string, double> Metrics { get; init; } = [];

    /// <summary>Seconds until an image count is reached, at the present speed; null while it does not run.</summary>
    public double? SecondsUntil(long images) => ImagesPerSecond > 0 ? Math.Max(0, images - Images) / ImagesPerSecond : null;
}
