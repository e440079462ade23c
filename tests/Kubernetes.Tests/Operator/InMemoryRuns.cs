using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Queue;
using Atelier.Core.Kubernetes;
using Atelier.Kubernetes.Operator;

namespace Atelier.Kubernetes.Tests.Operator;

/// <summary>A coordinator's queue without a coordinator, by the same commands; the test says how runs get on.</summary>
internal sealed class InMemoryRuns : IRunDirectory
{
    private readonly Lock _lock = new();
    private RunQueueState _queue = RunQueueState.Empty;

    public Func<string, TrainingRunSpec, Exception?> Refuse { get; set; } = (_, _) => null;

    public Func<string, bool> HasWorkers { get; set; } = _ => true;

    public double Kimg { get; set; }

    public Dictionary<string, TrainingRunSpec> Submitted { get; } = [];

    public List<string> Runs
    {
        get
        {
            lock (_lock) return [.. _queue.Runs.Select(run => run.Run.Value)];
        }
    }

    public RunStatus? StatusOf(string run)
    {
        lock (_lock) return _queue.Runs.FirstOrDefault(entry => entry.Run.Value == run)?.Status;
    }

    /// <summary>The run gets to a state by itself.</summary>
    public void Reach(string run, RunStatus status, string? reason = null) => Change(queue => queue.With(queue.Get(new(run)).Reach(status, reason)));

    public Task<RunObservation?> FindAsync(string run, CancellationToken cancellation)
    {
        lock (_lock)
        {
            return Task.FromResult(_queue.Runs.FirstOrDefault(one => one.Run.Value == run) is { } entry
                ? new RunObservation(entry.Status, entry.Reason ?? "", new(Kimg, 100, entry.Status == RunStatus.Running ? 12.5 : 0, 3, entry.Status == RunStatus.Running ? 2 : 0, null, null) { Metrics = new Dictionary<string, double> { ["fid50k_full"] = 41.2345 } })
                : null);
        }
    }

    public Task<bool> CanInspectAsync(string run, CancellationToken cancellation) => Task.FromResult(HasWorkers(run));

    public Task SubmitAsync(string run, TrainingRunSpec spec, CancellationToken cancellation)
    {
        if (Refuse(run, spec) is { } refusal) return Task.FromException(refusal);
        Change(queue =>
        {
            Submitted[run] = spec;
            return RunCommands.Submit(queue, new(run), spec.Priority, spec.Workers?.Min ?? 1, spec.Workers?.Max ?? 8, shards: 8);
        });
        return Task.CompletedTask;
    }

    public Task PauseAsync(string run, CancellationToken cancellation)
    {
        Change(queue => RunCommands.Pause(queue, new(run)));
        return Task.CompletedTask;
    }

    public Task ResumeAsync(string run, CancellationToken cancellation)
    {
        Change(queue => RunCommands.Resume(queue, new(run)));
        return Task.CompletedTask;
    }

    public Task CancelAsync(string run, bool discards, CancellationToken cancellation)
    {
        Change(queue => RunCommands.Cancel(queue, new(run), discards));
        return Task.CompletedTask;
    }

    public Task ForgetAsync(string run, CancellationToken cancellation)
    {
        Change(queue => RunCommands.Delete(queue, new(run)));
        return Task.CompletedTask;
    }

    private void Change(Func<RunQueueState, RunQueueState> change)
    {
        lock (_lock) _queue = change(_queue);
    }
}
