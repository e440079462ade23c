using Atelier.Protos;
using Atelier.Worker.Collectives;
using Stage = Atelier.Protos.WorkerStage;

namespace Atelier.Worker.Session;

/// <content>What the worker reports.</content>
internal sealed partial class WorkerAgent
{
    /// <summary>The present report; null while no run is held.</summary>
    public RunReport? Report()
    {
        lock (_gate)
        {
            if (_run.Length == 0)
                return null;
            var report = new RunReport
            {
                Run = _run,
                Sequence = ++_sequence,
                Generation = _generation,
                Stage = _stage,
                Held = _engine.Held?.ToMessage(),
                Trouble = _trouble,
                TroubleKind = _troubleKind,
                SecondsPerShard = _engine.SecondsPerShard,
                Cluster = _cluster,
            };
            if (_stage == Stage.Preparing && _engine.Preparation is { } now)
                (report.Step, report.StepTotal, report.StepProgress) = (now.Step, now.Total, now.Progress);
            if (_stage == Stage.Stepping && _engine.Awaited is { } rank && _engine.Held is { } at)
                report.Waiting = new() { Rank = rank, Iteration = at.Position.Iteration, Phase = at.Position.Phase };
            return report;
        }
    }

    /// <summary>How warming up for a run goes; null for none.</summary>
    public WarmUp? WarmUp()
    {
        lock (_gate)
        {
            if (_warmUp is null)
                return null;
            var report = _warmUp.Clone();
            if (!report.IsWarm && _engine.Preparation is { } now)
                (report.Step, report.StepTotal, report.StepProgress) = (now.Step, now.Total, now.Progress);
            return report;
        }
    }

    private void SetWarmUp(WarmUp? state)
    {
        lock (_gate)
            _warmUp = state;
        _outbox.Wake();
    }

    private void ReportTrouble(Exception trouble)
    {
        _engine.Leave();
        string words = WordsFor(trouble);
        _say($"{_run}, generation {_generation}: {words}");
        lock (_gate)
            (_trouble, _troubleKind) = (words, RunEngine.KindOf(trouble));
        _outbox.Wake();
    }

    /// <summary>People know workers by their names, not by their ranks.</summary>
    private string WordsFor(Exception trouble) => trouble is CollectiveException { Fault: CollectiveFault.PeerGone } lost && _plan is { } plan
        ? $"lost contact with {string.Join(" and ", lost.Blamed.Select(rank => plan.Members.FirstOrDefault(member => member.Rank == rank)?.Worker ?? $"rank {rank}"))}"
        : trouble.Message;

    /// <summary>What a line of this worker's log is about: the run that it holds, and the generation. From any thread.</summary>
    public (string Run, long Generation) Subject
    {
        get
        {
            lock (_gate)
                return (_run, _generation);
        }
    }
}
