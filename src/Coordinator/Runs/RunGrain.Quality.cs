using Atelier.Core;
using Atelier.Coordinator.Fleet;
using Atelier.Core.Evaluations;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Fleet.Queue;
using Atelier.Core.Runs;
using Atelier.Storage.Snapshots;

namespace Atelier.Coordinator.Runs;

/// <content>What a value of the first metric, or gradients that stay non-finite, mean for the run: it stops, or goes back.</content>
public sealed partial class RunGrain
{
    private bool _isJudging;

    /// <summary>Goes on with what a former activation had begun.</summary>
    private void ResumeQuality()
    {
        if (State.RollingBack is not null) Branch();
        if (State.NonFinite is not null) ResolveNonFinite();
    }

    /// <summary>
    /// Judges the values that are known, in the order of training and each once, whenever they come: what becomes of the run
    /// depends on them alone.
    /// </summary>
    private void JudgeIfDue()
    {
        if (_isJudging || _intent != RunIntent.Run || Generation.Failure is not null || State.RollingBack is not null || State.Unjudged is not [var next, ..]) return;
        var first = _spec!.Metrics is [var metric, ..] ? metric : "";
        if (State.Measuring.Contains(new EvaluationId(Name, next, first))) return;
        _isJudging = true;
        _work.DoUntilDone(_details!.Store, async (store, cancellation) =>
        {
            var facts = await store.Snapshots.FactsAsync(first, cancellation);
            return async () =>
            {
                _isJudging = false;
                if (State.RollingBack is not null || State.Unjudged is not [var judged, ..] || judged != next) return;
                if (!await ActOnAsync(next, facts)) State.Unjudged.Remove(next);
            };
        });
    }

    /// <summary>True where it made the run go back.</summary>
    private async Task<bool> ActOnAsync(string measured, IReadOnlyDictionary<SnapshotFacts, SnapshotName> facts)
    {
        if (facts.Keys.FirstOrDefault(known => known.Name == measured) is not { } newest) return false;
        switch (QualityPolicy.Judge(facts.Keys, newest, _spec!, State.Rollbacks))
        {
            case QualityVerdict.Stop(var reason) when !Generation.IsDone:
                Log(new RunStopped(Now, newest.At.Kimg, reason, measured));
                await Fleet.CommandAsync(Name, RunCommand.Pause);
                return false;
            case QualityVerdict.RollBack(var target, var reason):
                BeginRollBack(facts[target], reason);
                return true;
            default:
                return false;
        }
    }

    /// <summary>What the run is, for others: it has not finished while it may still have to go back.</summary>
    private RunStatus StatusNow() => Generation.Status(_intent) switch
    {
        RunStatus.Finished when _intent == RunIntent.Run && (State.RollingBack is not null || (State.Unjudged.Count > 0 && _spec!.Rollbacks > State.Rollbacks)) => RunStatus.Halting,
        RunStatus.Finished or RunStatus.Cancelled or RunStatus.Failed when State.Recording.Count > 0 => RunStatus.Halting,
        var status => status,
    };

    /// <summary>Gradients stayed non-finite: goes back before the tick in which they began, where that is wanted and there is something to go back to; else the run fails.</summary>
    private void ResolveNonFinite()
    {
        var stop = State.NonFinite!;
        if (_spec!.Rollbacks <= State.Rollbacks)
        {
            Fail();
            return;
        }

        var (spec, branch) = (_spec, _details!.Branch);
        _work.DoUntilDone(_details.Store, async (store, cancellation) =>
        {
            var facts = await store.Snapshots.FactsAsync(null, cancellation);
            return () =>
            {
                if (State.NonFinite is null) return Task.CompletedTask;
                if (QualityPolicy.LastWell(facts.Keys, ImageCount.FromKimg(stop.Kimg), spec, branch) is { } well)
                {
                    State.NonFinite = null;
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
            State.NonFinite = null;
            State.Generation = GenerationReports.Failed(Generation, stop.Text);
            _isUnstored = true;
            DecideSoon();
        }
    }

    private void BeginRollBack(SnapshotName target, string reason)
    {
        State.RollingBack = new(target.ToString(), _details!.Branch + 1, reason);
        Branch();
    }

    /// <summary>Makes the branch's first snapshot, again where that was begun before.</summary>
    private void Branch()
    {
        var rollback = State.RollingBack!;
        var target = SnapshotName.TryParse(rollback.Target)!;
        _work.DoUntilDone(_details!.Store, async (store, cancellation) =>
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
                    State.RollingBack = null;
                    Log(new SnapshotFailed(Now, target.At.Kimg, target.ToString(), $"the run could not be rolled back to it ({error.Message})"));
                    return Task.CompletedTask;
                };
            }
        });
    }

    private async Task RolledBackAsync(SnapshotName target, Rollback rollback, SnapshotManifest begun)
    {
        var iteration = begun.Iteration;
        foreach (var later in State.Snapshots.Keys.Where(known => known > iteration).ToList()) State.Snapshots.Remove(later);
        State.Snapshots[iteration] = new SnapshotName(rollback.Branch, begun.At).ToString();
        (State.Branch, State.Rollbacks, State.SnapshotImages) = (rollback.Branch, State.Rollbacks + 1, target.At.Images);
        State.RollingBack = null;
        State.Generation = GenerationReports.RolledBack(Generation, new Position(iteration, 0));
        _details = _details! with { Branch = rollback.Branch };
        _told = ("", null!);
        State.Unjudged.RemoveAll(unjudged => SnapshotName.TryParse(unjudged) is { } name && name.At > target.At);
        await DropEvaluationsAsync(snapshot => snapshot.Branch == rollback.Branch - 1 && snapshot.At > target.At);
        Log(new BranchBegun(Now, target.At.Kimg, rollback.Branch, [$"rolled back to {target}: {rollback.Reason}"]));
    }
}
