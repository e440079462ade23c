using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Runtime.Services;
using Orleans.Services;

namespace Atelier.Coordinator.Fleet;

/// <summary>A replica's part of <see cref="WorkerMessenger"/>. Nobody waits for it.</summary>
[Alias("atelier.worker-delivery")]
public interface IWorkerDelivery : IGrainService
{
    /// <summary>Sends a message to those workers that have their streams here.</summary>
    /// <param name="workers">Names of workers, on whichever replica.</param>
    /// <param name="name">Tells messages apart: equal ones have equal names.</param>
    /// <param name="message">The message.</param>
    [Alias("Deliver"), OneWay]
    Task DeliverAsync(List<string> workers, string name, WireMessage message);

    /// <summary>Ends a worker's stream, if it is here.</summary>
    /// <param name="worker">The worker's name.</param>
    /// <param name="reason">What to tell it.</param>
    [Alias("Dismiss"), OneWay]
    Task DismissAsync(string worker, string reason);

    /// <summary>Ends a worker's streams of earlier sessions.</summary>
    /// <param name="worker">The worker's name.</param>
    /// <param name="session">The worker's present session.</param>
    [Alias("Supersede"), OneWay]
    Task SupersedeAsync(string worker, long session);
}

/// <summary>
/// Sends messages to workers, from any replica. Which replica has a worker's stream is nowhere written down: a message goes to every
/// replica once, however many workers get it, and each passes it on to those that it has. A message that finds no stream is lost, as is one to
/// a replica that dies: whoever decides says again what is not done.
/// </summary>
/// <param name="services">The silo's services.</param>
/// <param name="replicas">Knows the replicas.</param>
public sealed class WorkerMessenger(IServiceProvider services, ISiloStatusOracle replicas) : GrainServiceClient<IWorkerDelivery>(services)
{
    /// <summary>Sends a message. A worker that was sent the same one a moment ago is not sent it again.</summary>
    /// <param name="workers">Their names.</param>
    /// <param name="name">Tells messages apart: equal ones have equal names.</param>
    /// <param name="message">The message.</param>
    public Task TellAsync(List<string> workers, string name, WireMessage message) => AllAsync(replica => replica.DeliverAsync(workers, name, message));

    /// <summary>Ends a worker's stream: it is no member any more.</summary>
    /// <param name="worker">Its name.</param>
    /// <param name="reason">What to tell it.</param>
    public Task DismissAsync(string worker, string reason) => AllAsync(replica => replica.DismissAsync(worker, reason));

    /// <summary>A worker has a new stream, which takes the place of those of earlier sessions.</summary>
    /// <param name="worker">Its name.</param>
    /// <param name="session">Rises with every stream of the worker.</param>
    public Task SupersedeAsync(string worker, long session) => AllAsync(replica => replica.SupersedeAsync(worker, session));

    private Task AllAsync(Func<IWorkerDelivery, Task> send) =>
        Task.WhenAll(replicas.GetApproximateSiloStatuses(onlyActive: true).Keys.Select(replica => send(GetGrainService(replica))));
}

/// <summary>Passes messages on to the streams of this replica.</summary>
internal sealed class WorkerDelivery(GrainId id, Silo silo, ILoggerFactory logs, WorkerStreams streams) : GrainService(id, silo, logs), IWorkerDelivery
{
    /// <inheritdoc/>
    public Task DeliverAsync(List<string> workers, string name, WireMessage message)
    {
        foreach (var worker in workers) streams.Find(worker)?.Tell(name, message);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task DismissAsync(string worker, string reason)
    {
        streams.Find(worker)?.End(reason);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task SupersedeAsync(string worker, long session)
    {
        if (streams.Find(worker) is { } stream && stream.Session < session) stream.End(WorkerStream.Superseded);
        return Task.CompletedTask;
    }
}
