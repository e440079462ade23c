using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Runs;
using Atelier.Storage.Snapshots;

namespace Atelier.Coordinator.Runs;

/// <content>How a run begins from what is in its store, and goes on from what a former activation has stored.</content>
public sealed partial class RunGrain
{
    /// <summary>Goes on with what a former activation has begun and not finished.</summary>
    private void GoOn()
    {
        AdoptWhatWasSaved();
        ResumeSnapshots();
        ResumeQuality();
        foreach (var result in State.Recording) Record(result);
    }

    private void Load()
    {
        _isLoading = true;
        _work.DoUntilDone(_details!.Store, async (store, cancellation) =>
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
        if (State.Generation is not null) return;
        foreach (var snapshot in refused)
            Log(new SnapshotRefused(Now, snapshot.Name.At.Kimg, snapshot.Name.ToString(), snapshot.Reason, newest?.ToString()));
        if (newest is not null && manifest is not null)
        {
            (State.BaseIteration, State.BaseImages) = (manifest.Iteration, manifest.ImageCount);
            State.Snapshots[manifest.Iteration] = newest.ToString();
            State.SnapshotImages = manifest.ImageCount;
            State.Branch = newest.Branch;
            foreach (var known in line) await EvaluateWhatIsMissingAsync(new(known.Branch, known.At), known);
            if (_spec!.Rollbacks > 0 && !State.Unjudged.Contains(newest.ToString())) State.Unjudged.Add(newest.ToString());
        }

        State.Generation = GenerationState.New(
            new(Name), ShapeOf(_details!, _spec!), newest is null ? [] : [new Position(manifest!.Iteration, 0)]);
        await StoreAsync();
    }

    /// <summary>A worker that left while no coordinator was there may have saved what it held.</summary>
    private void AdoptWhatWasSaved()
    {
        if (Generation.Lineage > 0) return;
        var (known, branch) = (Generation.Durable.Position.Iteration, _details!.Branch);
        _work.DoUntilDone(_details.Store, async (store, cancellation) =>
        {
            var newer = (await store.Snapshots.ListAsync(cancellation)).LastOrDefault(entry => entry.Damage is null && entry.Manifest!.Branch == branch && entry.Manifest.Iteration > known);
            return () =>
            {
                if (newer is null || Generation.Lineage > 0 || newer.Manifest!.Iteration <= Generation.Durable.Position.Iteration) return Task.CompletedTask;
                State.Snapshots[newer.Manifest.Iteration] = newer.Name.ToString();
                State.SnapshotImages = newer.Manifest.ImageCount;
                State.Generation = GenerationReports.SnapshotCommitted(Generation, new(0, new(newer.Manifest.Iteration, 0)));
                return EvaluateIfDueAsync(newer.Name);
            };
        });
    }
}
