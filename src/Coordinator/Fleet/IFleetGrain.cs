using Orleans;

namespace Atelier.Coordinator.Fleet;

/// <summary>
/// Membership of the fleet and the queue of runs: who is there, what people want, which worker serves which run. One grain
/// (key 0), which calls no other; runs ask it.
/// </summary>
public interface IFleetGrain : IGrainWithIntegerKey
{
    /// <summary>A worker attaches.</summary>
    Task<JoinOutcome> JoinAsync(WorkerCard worker);

    /// <summary>A worker's admission probe ended.</summary>
    Task<JoinOutcome> ProbedAsync(WorkerKey worker, string digest);

    /// <summary>Something was heard from a worker.</summary>
    /// <returns>Whether it is one of the fleet.</returns>
    Task<bool> RenewAsync(WorkerKey worker);

    /// <summary>A worker was asked to stop and hands over.</summary>
    Task DrainAsync(WorkerKey worker);

    /// <summary>A worker's stream ended. If it has nothing to hand over it is gone; else it has a moment to attach again.</summary>
    Task StreamEndedAsync(WorkerKey worker);

    /// <summary>A run's decision puts a worker out.</summary>
    Task<List<Dismissal>> EvictAsync(string worker, string reason);

    /// <summary>What time has done.</summary>
    Task<SweepOutcome> SweepAsync();

    /// <summary>Adds a run.</summary>
    /// <exception cref="Core.UserErrorException">The name or the store is taken, or the numbers make no sense.</exception>
    Task SubmitAsync(RunDetails run);

    /// <summary>Changes what people want of a run.</summary>
    /// <exception cref="Core.UserErrorException">There is no such run, or its state does not allow it.</exception>
    Task CommandAsync(string run, RunCommand command);

    /// <summary>Lets a run go on, with changes of free keys of its spec.</summary>
    /// <exception cref="Core.UserErrorException">There is no such run, or its state does not allow it.</exception>
    Task ResumeAsync(RunDetails details, bool anyNumerics);

    /// <summary>What a run needs to know of the fleet; the run tells where it stands.</summary>
    Task<FleetView> LookAsync(RunStanding standing);

    /// <summary>What evaluations need to know of the fleet.</summary>
    Task<EvaluationView> LookForEvaluationsAsync();

    /// <summary>A run as it was submitted; null where there is none.</summary>
    Task<RunDetails?> DetailsAsync(string run);

    /// <summary>All runs, in the order of submission.</summary>
    Task<List<QueueRow>> ListAsync();

    /// <summary>All workers, in the order in which they joined.</summary>
    Task<List<WorkerRow>> WorkersAsync();
}
