using Atelier.Core;
using Atelier.Coordinator.Fleet;
using Atelier.Core.Evaluations;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Fleet.Queue;
using Atelier.Core.Runs;
using Atelier.Storage.Snapshots;

namespace Atelier.Coordinator.Runs;

/// <summary>What a value of the first metric, or gradients that stay non-finite, mean for a run: it stops, or goes back.</summary>
/// <param name="run">The run.</param>
/// <param name="evaluations">Its metrics.</param>
internal sealed class RunQuality(ActiveRun run, RunEvaluations evaluations)
{
    private bool _isJudging;

    /// <summary>Goes on with what a former activation had begun.</summary>
    public void Resume()
    {
        if (run.State.RollingBack is not null) Branch();
        if (run.State.NonFinite is not null) ResolveNonFinite();
    }

    /// <summary>
    /// Judges the values that are known, in the order of training and each once, whenever they come: what becomes of the run
    /// depends on them alone.
    /// </summary>
    public void JudgeIfDue()
    {
        if (_isJudging || run.Intent != RunIntent.Run || run.Generation.Failure is not null || run.State.RollingBack is not null || run.State.Unjudged is not [var next, ..]) return;
        var first = run.FirstMetric ?? "";
        if (run.State.Measuring.Contains(new EvaluationId(run.Name, next, first))) return;
        _isJudging = true;
        run.DoUntilDone(async (store, cancellation) =>
        {
            var facts = await store.Snapshots.FactsAsync(first, cancellation);
            return async () =>
            {
                _isJudging = false;
                if (run.State.RollingBack is not null || run.State.Unjudged is not [var judged, ..] || judged != next) return;
                if (!await ActOnAsync(next, facts)) run.State.Unjudged.Remove(next);
            };
        });
    }

    /// <summary>True where it made the run go back.</summary>
    private async Task<bool> ActOnAsync(string measured, IReadOnlyDictionary<SnapshotFacts, SnapshotName> facts)
    {
        if (facts.Keys.FirstOrDefault(known => known.Name == measured) is not { } newest) return false;
        switch (QualityPolicy.Judge(facts.Keys, newest, run.Spec, run.State.Rollbacks))
        {
            case QualityVerdict.Stop(var reason) when !run.Generation.IsDone:
                run.Log(new RunStopped(run.Now, newest.At.Kimg, reason, measured));
                await run.Fleet.CommandAsync(run.Name, RunCommand.Pause);
                return false;
            case QualityVerdict.RollBack(var target, var reason):
                BeginRollBack(facts[target], reason);
                return true;
            default:
                return false;
        }
    }

    /// <summary>What the run is, for others: it has not finished while it may still have to go back.</summary>
    public RunStatus StatusNow() => run.Generation.Status(run.Intent) switch
    {
        RunStatus.Finished when run.Intent == RunIntent.Run && (run.State.RollingBack is not null || (run.State.Unjudged.Count > 0 && run.Spec.Rollbacks > run.State.Rollbacks)) => RunStatus.Halting,
        RunStatus.Finished or RunStatus.Cancelled or RunStatus.Failed when run.State.Recording.Count > 0 => RunStatus.Halting,
        var status => status,
    };

    /// <summary>Gradients stayed non-finite: goes back before the tick in which they began, where that is wanted and there is something to go back to; else the run fails.</summary>
    public void ResolveNonFinite()
    {
        var stop = run.State.NonFinite!;
        if (run.Spec.Rollbacks <= run.State.Rollbacks)
        {
            Fail();
            return;
        }

        var (spec, branch) = (run.Spec, run.Details.Branch);
        run.DoUntilDone(async (store, cancellation) =>
        {
            var facts = await store.Snapshots.FactsAsync(null, cancellation);
            return () =>
            {
                if (run.State.NonFinite is null) return Task.CompletedTask;
                if (QualityPolicy.LastWell(facts.Keys, ImageCount.FromKimg(stop.Kimg), spec, branch) is { } well)
                {
                    run.State.NonFinite = null;
                    BeginRollBack(facts[well], stop.Text);
                }
                else
                {
                    Fail();
                }

                return Task.CompletedTask;
            };
        });

        void Fail()
        {
            run.State.NonFinite = null;
            run.State.Generation = GenerationReports.Failed(run.Generation, stop.Text);
            run.IsUnstored = true;
            run.DecideSoon();
        }
    }

    private void BeginRollBack(SnapshotName target, string reason)
    {
        run.State.RollingBack = new(target.ToString(), run.Details.Branch + 1, reason);
        Branch();
    }

    /// <summary>Makes the branch's first snapshot, again where that was begun before.</summary>
    private void Branch()
    {
        var rollback = run.State.RollingBack!;
        var target = SnapshotName.TryParse(rollback.Target)!;
        run.DoUntilDone(async (store, cancellation) =>
        {
            try
            {
                var begun = await store.Snapshots.BranchAsync(target, rollback.Branch, cancellation);
                return () => RolledBackAsync(target, rollback, begun);
            }
            catch (SnapshotDamagedException error)
            {
                return () =>
                {
                    run.State.RollingBack = null;
                    run.Log(new SnapshotFailed(run.Now, target.At.Kimg, target.ToString(), $"the run could not be rolled back to it ({error.Message})"));
                    return Task.CompletedTask;
                };
            }
        });
    }

    private async Task RolledBackAsync(SnapshotName target, Rollback rollback, SnapshotManifest begun)
    {
        var iteration = begun.Iteration;
        foreach (var later in run.State.Snapshots.Keys.Where(known => known > iteration).ToList()) run.State.Snapshots.Remove(later);
        run.State.Snapshots[iteration] = new SnapshotName(rollback.Branch, begun.At).ToString();
        (run.State.Branch, run.State.Rollbacks, run.State.SnapshotImages) = (rollback.Branch, run.State.Rollbacks + 1, target.At.Images);
        run.State.RollingBack = null;
        run.State.Generation = GenerationReports.RolledBack(run.Generation, new Position(iteration, 0));
        run.Details = run.Details with { Branch = rollback.Branch };
        run.State.Unjudged.RemoveAll(unjudged => SnapshotName.TryParse(unjudged) is { } name && name.At > target.At);
        await evaluations.DropAsync(snapshot => snapshot.Branch == rollback.Branch - 1 && snapshot.At > target.At);
        run.Log(new BranchBegun(run.Now, target.At.Kimg, rollback.Branch, [$"rolled back to {target}: {rollback.Reason}"]));
    }
}
