using Atelier.Coordinator.Telemetry;
using Atelier.Core;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Membership;
using Atelier.Core.Fleet.Queue;
using Atelier.Core.Specs;
using Atelier.Storage.Blobs;
using Orleans;

namespace Atelier.Coordinator.Fleet;

/// <content>What people ask besides: whether a run would be taken, who works, and to forget a run that has ended.</content>
public sealed partial class FleetGrain
{
    /// <inheritdoc/>
    public Task RequireAdmissibleAsync(RunDetails run)
    {
        ArgumentNullException.ThrowIfNull(run);
        _ = Admit(run);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string run)
    {
        Forget(run);
        return StoreAsync();
    }

    /// <summary>The state of a fleet that lives for years does not grow for ever: of runs that have ended, the last ones are known.</summary>
    private List<string> ForgetTheOldest()
    {
        var ended = State.Queue.Runs.Where(run => RunLifecycle.HasEnded(run.Status)).OrderBy(run => State.Changed.GetValueOrDefault(run.Run.Value)).ToList();
        var old = ended.SkipLast(settings.EndedRunsKnown).Select(run => run.Run.Value).ToList();
        old.ForEach(Forget);
        return old;
    }

    private void Forget(string run)
    {
        State.Queue = RunCommands.Delete(State.Queue, new(run));
        State.Details.Remove(run);
        State.Held.Remove(run);
        State.Granted.Remove(run);
        State.Reasons.Remove(run);
        State.Changed.Remove(run);
        State.Unread.Remove(run);
        State.Allocations.RemoveAll(allocation => allocation.Run.Value == run);
    }

    /// <inheritdoc/>
    public Task<List<WorkerRow>> WorkersAsync()
    {
        var runs = State.Held.SelectMany(held => held.Value.Select(worker => (Worker: worker, Run: held.Key))).DistinctBy(row => row.Worker).ToDictionary(row => row.Worker, row => row.Run);
        return Task.FromResult<List<WorkerRow>>(
        [
            .. State.Fleet.Members.Select(member => new WorkerRow(
                new(new(member.Worker.Value, member.Incarnation), member.Capabilities.ProtocolVersion, member.Capabilities.Numerics, member.Capabilities.Device,
                    member.Capabilities.MemoryBytes, member.Capabilities.PeerAddress, member.Capabilities.Host, member.Capabilities.IsEvaluator, member.Capabilities.OnlyRun ?? ""),
                member.Status, member.Reason ?? "", runs.GetValueOrDefault(member.Worker.Value, ""), member.Until?.ToUnixTimeMilliseconds())),
        ]);
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        metrics.Publish(FleetReading.Empty);
        return Task.CompletedTask;
    }

    private void Publish()
    {
        if (!metrics.IsRead) return;
        metrics.Publish(new FleetReading(
            [.. State.Queue.Runs.Select(run => run.Status)],
            [.. State.Fleet.Members.Select(member => new WorkerReading(member.Worker.Value, member.Status, member.Capabilities.IsEvaluator, member.Lease.Until - settings.LeaseLength))]));
    }

    /// <summary>The queue with a new run.</summary>
    private RunQueueState Admit(RunDetails run)
    {
        var queue = RunCommands.Submit(
            State.Queue, new(run.Run), run.Priority, run.MinWorkers, run.MaxWorkers, RunSpecJson.Read(run.SpecJson, "the spec").Shards, run.Numerics);
        var store = StoreLocation.Parse(run.Store).Identity;
        var taken = State.Details.Values.FirstOrDefault(other => StoreLocation.Parse(other.Store).Identity == store && State.Queue.Get(new(other.Run)).Status is not RunStatus.Cancelled);
        return taken is null ? queue : throw new UserErrorException($"run {taken.Run} already uses {run.Store}; choose another run folder, or continue that run with `atelier resume {taken.Run}`");
    }
}

public partial interface IFleetGrain
{
    /// <summary>Whether a run could be added now; nothing is changed.</summary>
    /// <exception cref="UserErrorException">As of <see cref="SubmitAsync"/>.</exception>
    [Alias("RequireAdmissible")]
    Task RequireAdmissibleAsync(RunDetails run);

    /// <summary>Forgets a run that has ended.</summary>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    /// <exception cref="RunStateException">It has not ended.</exception>
    [Alias("Delete")]
    Task DeleteAsync(string run);

    /// <summary>All workers, in the order in which they joined.</summary>
    [Alias("Workers")]
    Task<List<WorkerRow>> WorkersAsync();
}
