using Atelier.Coordinator.Fleet;
using Atelier.Core;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Fleet.Queue;
using Atelier.Core.Runs;
using Atelier.Storage.Snapshots;

namespace Atelier.Coordinator.Runs;

/// <content>What a value of the first metric, or gradients that stay non-finite, mean for the run: it stops, or goes back.</content>
public sealed partial class RunGrain
{
    /// <summary>
    /// Judges the values that are known, in the order of training and each once, whenever they come: what becomes of the run
    /// depends on them alone.
    /// </summary>
    private async Task JudgeAsync()
    {
        if (_intent != RunIntent.Run || Generation.Failure is not null || State.Unjudged.Count == 0) return;
        var first = _spec!.Metrics is [var metric, ..] ? metric : "";
        while (State.Unjudged is [var next, ..] && !State.Measuring.Contains(new(Name, next, first)))
        {
            if (await ActOnAsync(next, first)) return;
            State.Unjudged.Remove(next);
            await StoreAsync();
        }
    }

    /// <summary>True where it made the run go back.</summary>
    private async Task<bool> ActOnAsync(string measured, string metric)
    {
        var facts = await FactsAsync(metric);
        if (facts.Keys.FirstOrDefault(known => known.Name == measured) is not { } newest) return false;
        switch (QualityPolicy.Judge(facts.Keys, newest, _spec!, State.Rollbacks))
        {
            case QualityVerdict.Stop(var reason) when !Generation.IsDone:
                Log(new RunStopped(Now, newest.At.Kimg, reason, measured));
                await Fleet.CommandAsync(Name, RunCommand.Pause);
                DecideSoon();
                return false;
            case QualityVerdict.RollBack(var target, var reason):
                return await RollBackAsync(facts[target], reason);
            default:
                return false;
        }
    }

    /// <summary>What the run is, for others: it has not finished while it may still have to go back.</summary>
    private RunStatus StatusNow() => Generation.Status(_intent) switch
    {
        RunStatus.Finished when _intent == RunIntent.Run && State.Unjudged.Count > 0 && _spec!.Rollbacks > State.Rollbacks => RunStatus.Halting,
        var status => status,
    };

    /// <summary>Goes back before the tick in which gradients became non-finite. False where that is not wanted, or there is nothing to go back to.</summary>
    private async Task<bool> TryRollBackAsync(double failedKimg, string reason)
    {
        if (_spec!.Rollbacks <= State.Rollbacks) return false;
        var facts = await FactsAsync(null);
        return QualityPolicy.LastWell(facts.Keys, ImageCount.FromKimg(failedKimg), _spec, _details!.Branch) is { } well && await RollBackAsync(facts[well], reason);
    }

    private async Task<IReadOnlyDictionary<SnapshotFacts, SnapshotName>> FactsAsync(string? metric)
    {
        try
        {
            return await Store().FactsAsync(metric, CancellationToken.None);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Dictionary<SnapshotFacts, SnapshotName>();
        }
    }

    private async Task<bool> RollBackAsync(SnapshotName target, string reason)
    {
        var branch = _details!.Branch + 1;
        try
        {
            var begun = await Store().BranchAsync(target, branch, CancellationToken.None);
            var iteration = begun.Iteration;
            foreach (var later in State.Snapshots.Keys.Where(known => known > iteration).ToList()) State.Snapshots.Remove(later);
            State.Snapshots[iteration] = new SnapshotName(branch, begun.At).ToString();
            (State.Branch, State.Rollbacks, State.SnapshotImages, State.MeasuredImages) = (branch, State.Rollbacks + 1, target.At.Images, target.At.Images);
            State.Generation = GenerationReports.RolledBack(Generation, new Position(iteration, 0));
            _details = _details with { Branch = branch };
            _told = ("", null!);
            State.Unjudged.RemoveAll(unjudged => SnapshotName.TryParse(unjudged) is { } name && name.At > target.At);
            await DropEvaluationsAsync(snapshot => snapshot.Branch == branch - 1 && snapshot.At > target.At);
            Log(new BranchBegun(Now, target.At.Kimg, branch, [$"rolled back to {target}: {reason}"]));
            await StoreAsync();
            DecideSoon();
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or SnapshotDamagedException)
        {
            Log(new SnapshotFailed(Now, target.At.Kimg, target.ToString(), $"the run could not go back to it ({error.Message})"));
            return false;
        }
    }
}
