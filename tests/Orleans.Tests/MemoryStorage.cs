using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Atelier.Orleans.Tests;

/// <summary>States as JSON in a table.</summary>
public sealed class MemoryStorage : IGrainStorage
{
    private readonly ConcurrentDictionary<(GrainId, string), (int Version, string Json)> _records = new();

    /// <summary>Changes a record behind the grain's back.</summary>
    public void Overwrite(GrainId grain, string state, string json) =>
        _records.AddOrUpdate((grain, state), (1, json), (_, old) => (old.Version + 1, json));

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        grainState.RecordExists = _records.TryGetValue((grainId, stateName), out var record);
        if (grainState.RecordExists)
            grainState.State = JsonSerializer.Deserialize<T>(record.Json)!;
        grainState.ETag = grainState.RecordExists ? ETag(record.Version) : null;
        return Task.CompletedTask;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        Check(stateName, grainId, grainState);
        var written = _records.AddOrUpdate(
            (grainId, stateName), (1, JsonSerializer.Serialize(grainState.State)), (_, old) => (old.Version + 1, JsonSerializer.Serialize(grainState.State)));
        grainState.ETag = ETag(written.Version);
        grainState.RecordExists = true;
        return Task.CompletedTask;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        Check(stateName, grainId, grainState);
        _records.TryRemove((grainId, stateName), out _);
        grainState.State = Activator.CreateInstance<T>();
        grainState.ETag = null;
        grainState.RecordExists = false;
        return Task.CompletedTask;
    }

    private static string ETag(int version) => version.ToString(CultureInfo.InvariantCulture);

    private void Check<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var stored = _records.TryGetValue((grainId, stateName), out var record) ? ETag(record.Version) : null;
        if (stored != grainState.ETag)
            throw new InconsistentStateException($"{grainId} {stateName}", stored, grainState.ETag);
    }
}
