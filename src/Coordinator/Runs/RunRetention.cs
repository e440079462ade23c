using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Fleet.Snapshots;
using Atelier.Core.Runs;
using Atelier.Storage.Snapshots;

namespace Atelier.Coordinator.Runs;

/// <summary>Which snapshots of a run stay: those that the rules keep, that are measured, or that the run may go back to.</summary>
/// <param name="run">The run.</param>
internal sealed class RunRetention(ActiveRun run)
{
    /// <summary>Deletes what the rules let go.</summary>
    /// <param name="protectsAgreed">Whether snapshots stay that the present generation may go back to.</param>
    public void Retain(bool protectsAgreed)
    {
        // What is being measured may turn out to be the best.
        var kept = run.State.Measuring.Select(id => id.Snapshot).Concat(run.State.Recording.Select(result => result.Id.Snapshot)).ToHashSet();
        if (protectsAgreed) kept.UnionWith(run.Generation.Snapshots.Select(position => run.State.Snapshots.GetValueOrDefault(position.Iteration, "")));
        var (policy, first, isJudging) = (RetentionPolicy.Of(run.Spec), run.FirstMetric, run.State.Unjudged.Count > 0);
        var at = run.Schedule.ImagesAt(run.Generation.Reached.Iteration);
        run.Do(async (store, cancellation) =>
        {
            try
            {
                // So may what another value is judged by, which comes before it in training, but not in time.
                if (isJudging) kept.UnionWith((await store.Snapshots.FactsAsync(first, cancellation)).Keys.Where(known => known.Metric is not null).Select(known => known.Name));
                var deleted = await store.Snapshots.RetainAsync(policy, first, cancellation, name => kept.Contains(name.ToString()));
                return () =>
                {
                    foreach (var name in deleted) Forget(name);
                    return Task.CompletedTask;
                };
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return () =>
                {
                    run.Log(new SnapshotFailed(run.Now, at.Kimg, at.ToString(), $"old snapshots could not be deleted ({error.Message})"));
                    return Task.CompletedTask;
                };
            }
        });
    }

    /// <summary>Gives up the snapshots after a position; they are deleted as soon as the store lets it.</summary>
    public void Discard(Position after)
    {
        foreach (var (iteration, name) in run.State.Snapshots.Where(snapshot => snapshot.Key > after.Iteration).ToList())
        {
            run.State.Snapshots.Remove(iteration);
            if (!run.State.Discarding.Contains(name)) run.State.Discarding.Add(name);
        }

        run.State.SnapshotImages = run.State.Snapshots.Keys.Count > 0 ? run.Schedule.ImagesAt(run.State.Snapshots.Keys.Max()).Images : null;
        DeleteDiscarded();
    }

    /// <summary>Deletes what was given up, also what a former activation gave up.</summary>
    public void DeleteDiscarded()
    {
        var names = run.State.Discarding.Select(SnapshotName.TryParse).OfType<SnapshotName>().ToList();
        run.DoUntilDone(async (store, cancellation) =>
        {
            foreach (var name in names) await store.Snapshots.DeleteAsync(name, cancellation);
            return () =>
            {
                foreach (var name in names.Where(name => run.State.Discarding.Remove(name.ToString()))) Forget(name);
                return Task.CompletedTask;
            };
        });
    }

    private void Forget(SnapshotName name)
    {
        run.Log(new SnapshotDeleted(run.Now, name.At.Kimg, name.ToString()));
        foreach (var (iteration, _) in run.State.Snapshots.Where(snapshot => snapshot.Value == name.ToString()).ToList())
        {
            run.State.Snapshots.Remove(iteration);
            run.State.Generation = GenerationReports.SnapshotLost(run.Generation, new(iteration, 0));
        }
    }
}
