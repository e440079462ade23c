using Orleans;

namespace Atelier.Coordinator.Fleet;

/// <summary>A worker's stream, as grains see it.</summary>
public interface IWorkerConnection : IGrainObserver
{
    /// <summary>Sends a message.</summary>
    Task SendAsync(WireMessage message);

    /// <summary>Ends the stream.</summary>
    /// <param name="reason">What to tell the worker.</param>
    /// <param name="isFinal">Whether the worker is not to come back.</param>
    Task EndAsync(string reason, bool isFinal);
}
