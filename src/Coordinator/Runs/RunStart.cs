using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Runs;
using Atelier.Storage.Snapshots;

namespace Atelier.Coordinator.Runs;

/// <summary>How a run begins from what is in its store, and goes on from what a former activation has stored.</summary>
/// <param name="run">The run.</param>
/// <param name="snapshots">Its snapshots.</param>
/// <param name="evaluations">Its metrics.</param>
/// <param name="quality">What they mean.</param>
internal sealed class RunStart(ActiveRun run, RunSnapshots snapshots, RunEvaluations evaluations, RunQuality quality)
{
    private bool _isLoading;

    /// <summary>Goes on with what a former activation has begun and not finished.</summary>
    public void GoOn()
    {
        AdoptWhatWasSaved();
        snapshots.Resume();
        quality.Resume();
        foreach (var result in run.State.Recording) evaluations.Record(result);
    }

    /// <summary>Begins to read the store, once.</summary>
    public void Load()
    {
        if (_isLoading) return;
        _isLoading = true;
        run.DoUntilDone(async (store, cancellation) =>
        {
            await store.Snapshots.CleanAsync(cancellation);
            var search = await store.Snapshots.OpenNewestAsync(cancellation);
            using var newest = search.Snapshot;
            var (name, manifest, refused) = (newest?.Name, newest?.Manifest, search.Refused);
            // Evaluations of older ones may have been under way when everything ended.
            List<SnapshotManifest> line = name is null ? [] : [.. (await store.Snapshots.ListAsync(cancellation))
                .Where(entry => entry.Damage is null && entry.Name.Branch == name.Branch && entry.Name.At < name.At).Select(entry => entry.Manifest!), manifest!];
            return () => BeginAsync(name, line, refused);
        });
    }

    private async Task BeginAsync(SnapshotName? newest, List<SnapshotManifest> line, IReadOnlyList<RefusedSnapshot> refused)
    {
        var manifest = line.LastOrDefault();
        _isLoading = false;
        if (run.State.Generation is not null) return;
        foreach (var snapshot in refused)
            run.Log(new SnapshotRefused(run.Now, snapshot.Name.At.Kimg, snapshot.Name.ToString(), snapshot.Reason, newest?.ToString()));
        if (newest is not null && manifest is not null)
        {
            (run.State.BaseIteration, run.State.BaseImages) = (manifest.Iteration, manifest.ImageCount);
            run.State.Snapshots[manifest.Iteration] = newest.ToString();
            run.State.SnapshotImages = manifest.ImageCount;
            run.State.Branch = newest.Branch;
            foreach (var known in line) await evaluations.EvaluateWhatIsMissingAsync(new(known.Branch, known.At), known);
            if (run.Spec.Rollbacks > 0 && !run.State.Unjudged.Contains(newest.ToString())) run.State.Unjudged.Add(newest.ToString());
        }

        run.State.Generation = GenerationState.New(
            new(run.Name), run.Shape, newest is null ? [] : [new Position(manifest!.Iteration, 0)]);
        await run.StoreAsync();
    }

    /// <summary>A worker that left while no coordinator was there may have saved what it held.</summary>
    private void AdoptWhatWasSaved()
    {
        if (run.Generation.Lineage > 0) return;
        var (known, branch) = (run.Generation.Durable.Position.Iteration, run.Details.Branch);
        run.DoUntilDone(async (store, cancellation) =>
        {
            var newer = (await store.Snapshots.ListAsync(cancellation)).LastOrDefault(entry => entry.Damage is null && entry.Manifest!.Branch == branch && entry.Manifest.Iteration > known);
            return () =>
            {
                if (newer is null || run.Generation.Lineage > 0 || newer.Manifest!.Iteration <= run.Generation.Durable.Position.Iteration) return Task.CompletedTask;
                run.State.Snapshots[newer.Manifest.Iteration] = newer.Name.ToString();
                run.State.SnapshotImages = newer.Manifest.ImageCount;
                run.State.Generation = GenerationReports.SnapshotCommitted(run.Generation, new(0, new(newer.Manifest.Iteration, 0)));
                return evaluations.EvaluateIfDueAsync(newer.Name);
            };
        });
    }

    /// <summary>Takes in the lines that the store has of before, and for a run that is new here its events too.</summary>
    /// <param name="readsEvents">Whether events are read; whoever writes them beside this coordinator knows what is there, and would write what it is told of once more.</param>
    public void RecallJournal(bool readsEvents) => run.Do(async (store, cancellation) =>
    {
        IReadOnlyList<string> lines = [], events = [];
        string? problem = null;
        try
        {
            lines = await store.TailAsync(RunStore.Log, RunEvents.LinesKept, cancellation);
            if (readsEvents) events = await store.TailAsync(RunStore.Events, RunEvents.EventsKept, cancellation);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            problem = error.Message;
        }

        return () =>
        {
            run.Events.Recall([.. lines.Select(LogRow.FromJson).OfType<LogRow>()], events);
            if (problem is not null) run.Events.AddLine("coordinator", $"cannot read earlier log lines: {problem}");
            return Task.CompletedTask;
        };
    });
}
