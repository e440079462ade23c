using Orleans;

namespace Atelier.Coordinator.Fleet;

/// <summary>The way to a worker: it knows the stream that the worker has at the moment. Its key is the worker's name; it stores nothing.</summary>
public interface IWorkerGrain : IGrainWithStringKey
{
    /// <summary>The worker has a new stream, which takes the place of a former one.</summary>
    Task AttachAsync(WorkerKey worker, IWorkerConnection stream);

    /// <summary>A stream ended.</summary>
    /// <returns>Whether it was the worker's present one.</returns>
    Task<bool> DetachAsync(IWorkerConnection stream);

    /// <summary>Sends a message, if the worker has a stream. What was sent last is not sent again at once.</summary>
    /// <param name="name">Tells messages apart: equal ones have equal names.</param>
    /// <param name="message">The message.</param>
    Task TellAsync(string name, WireMessage message);

    /// <summary>Ends the worker's stream: it is no member any more.</summary>
    /// <param name="reason">What to tell it.</param>
    Task DismissAsync(string reason);
}
