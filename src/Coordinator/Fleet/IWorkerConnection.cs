using Orleans;

namespace Atelier.Coordinator.Fleet;

/// <summary>A worker's stream, as grains see it.</summary>
public interface IWorkerConnection : IGrainObserver
{
    /// <summary>Sends a message.</summary>
    Task SendAsync(WireMessage message);

    /// <summary>Ends the stream; the worker may attach again, and hears then if it may not.</summary>
    /// <param name="reason">What to tell the worker.</param>
    Task EndAsync(string reason);
}
