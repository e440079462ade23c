using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>Keeps the states of grains. Writing and clearing are conditional on the state's ETag.</summary>
public interface IGrainStorage
{
    /// <summary>Reads a state; without a record, the state is a new one and the ETag null.</summary>
    Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

    /// <summary>Writes a state and sets its new ETag.</summary>
    /// <exception cref="InconsistentStateException">The record is not the one that the ETag names.</exception>
    Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

    /// <summary>Deletes a record.</summary>
    /// <exception cref="InconsistentStateException">The record is not the one that the ETag names.</exception>
    Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);
}
