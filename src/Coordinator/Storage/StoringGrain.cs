using Orleans;
using Orleans.Runtime;

namespace Atelier.Coordinator.Storage;

/// <summary>A grain that stores its state before it acts.</summary>
/// <typeparam name="T">The state.</typeparam>
/// <param name="storage">The state, stored.</param>
public abstract class StoringGrain<T>(IPersistentState<T> storage) : Grain
{
    /// <summary>The state.</summary>
    protected T State => storage.State;

    /// <summary>
    /// Stores the state. If that fails, the grain is let go, and the next call finds it as it was stored: what is not stored is
    /// never acted on, nor taken for stored.
    /// </summary>
    protected async Task StoreAsync()
    {
        try
        {
            await storage.WriteStateAsync();
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }
    }
}
