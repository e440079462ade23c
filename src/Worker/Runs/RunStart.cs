using Atelier.Core;
using Atelier.Core.Runs;
using Atelier.Core.Specs;
using Atelier.Storage.Snapshots;
using Atelier.Training.Exports;
using Atelier.Training.Snapshots;
using Atelier.Training.Step;

namespace Atelier.Worker.Runs;

/// <summary>Brings a run's state to where it was, or to its beginning.</summary>
/// <param name="run">The run.</param>
/// <param name="request">What was asked for.</param>
/// <param name="store">Its snapshots.</param>
/// <param name="events">Told what was found.</param>
/// <param name="numerics">The fingerprint at hand.</param>
/// <param name="time">The clock.</param>
public sealed class RunStart(PreparedRun run, TrainRequest request, SnapshotStore store, EventLog events, NumericsFingerprint numerics, TimeProvider time)
{
    /// <summary>Fills the state, and records how.</summary>
    /// <returns>Whether this is a new run.</returns>
    /// <exception cref="UserErrorException">The numerics differ from the run's, or the initial network does not fit.</exception>
    public bool Fill(TrajectoryState state)
    {
        using var snapshot = Decide();
        if (snapshot is not null)
        {
            StateSections.Load(snapshot, state);
            return false;
        }
        InitialState.Fill(state, run.Record.Spec.Seed);
        if (run.Record.Init is { } init)
            NetworkFile.Initialise(state, init);
        return true;
    }

    /// <summary>Finds what the run goes on from, and records it.</summary>
    /// <returns>The newest whole snapshot; null for a new run.</returns>
    /// <exception cref="UserErrorException">The numerics differ from the run's, or no snapshot is whole.</exception>
    public OpenSnapshot? Decide()
    {
        store.CleanAsync(CancellationToken.None).GetAwaiter().GetResult();
        var search = store.OpenNewestAsync(CancellationToken.None).GetAwaiter().GetResult();
        var snapshot = search.Snapshot;
        foreach (var refused in search.Refused)
            events.Add(new SnapshotRefused(time.GetUtcNow(), refused.Name.At.Kimg, refused.Name.ToString(), refused.Reason, snapshot?.Name.ToString()));
        if (snapshot is null)
        {
            if (search.Refused.Count > 0)
            {
                throw new UserErrorException(
                    $"no snapshot in {request.Out} is whole, so the run cannot go on; restore one from a copy, or delete {new RunFolder(request.Out).Snapshots} to begin again");
            }
            Begin();
            return null;
        }
        try
        {
            Continue(snapshot);
            return snapshot;
        }
        catch
        {
            snapshot.Dispose();
            throw;
        }
    }

    private void Begin()
    {
        run.Record.Save(new RunFolder(request.Out));
        events.Add(new RunStarted(time.GetUtcNow(), 0, run.Record.Spec.Recipe, run.Record.Spec.Seed, request.Workers, numerics));
        foreach (var bad in run.Dataset.BadImages)
            events.Add(new BadImageSkipped(time.GetUtcNow(), 0, bad.Name, bad.Reason));
        foreach (var note in run.Dataset.Notes)
            events.Add(new DatasetNoted(time.GetUtcNow(), 0, note));
    }

    private void Continue(OpenSnapshot snapshot)
    {
        var differences = snapshot.Manifest.Numerics.DifferencesTo(numerics);
        if (differences.Count > 0 && !request.AcceptNewNumerics)
        {
            throw new UserErrorException(
                $"this run was computed under other numerics, and would not continue with the same bits: {string.Join("; ", differences)}. "
                + "Pass --accept-new-numerics to go on all the same; it will be recorded");
        }
        run.Record.Save(new RunFolder(request.Out));
        double kimg = snapshot.Name.At.Kimg;
        var changes = Texts(run.Changes);
        events.Add(new RunResumed(time.GetUtcNow(), kimg, snapshot.Name.ToString(), request.Workers, changes));
        if (run.Previous is { } previous && previous.Branch != run.Record.Branch)
            events.Add(new BranchBegun(time.GetUtcNow(), kimg, run.Record.Branch, Texts(run.Changes.Where(change => change.Key.Change == ChangeClass.Branching))));
        if (differences.Count > 0)
            events.Add(new NumericsAccepted(time.GetUtcNow(), kimg, differences, numerics));
    }

    private static List<string> Texts(IEnumerable<SpecChange> changes) => [.. changes.Select(change => $"{change.Key.Name} {change.Old} -> {change.New}")];
}
