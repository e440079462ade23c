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
    private async Task JudgeAsync(SnapshotName measured)
    {
        if (_intent != RunIntent.Run || measured.Branch != _details!.Branch || Generation.IsDone || Generation.Failure is not null) return;
        var facts = await FactsAsync(_spec!.Metrics[0]);
        if (facts.Keys.FirstOrDefault(known => known.Name == measured.ToString()) is not { } newest) return;
        switch (QualityPolicy.Judge(facts.Keys, newest, _spec, State.Rollbacks))
        {
            case QualityVerdict.Stop(var reason):
                Log(new RunStopped(Now, measured.At.Kimg, reason, measured.ToString()));
                await Fleet.CommandAsync(Name, RunCommand.Pause);
                DecideSoon();
                break;
            case QualityVerdict.RollBack(var target, var reason):
                await RollBackAsync(facts[target], reason);
                break;
        }
    }

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
