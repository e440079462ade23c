using Orleans;
using Orleans.Runtime;

namespace Atelier.Orleans.Tests.State;

public sealed class Count
{
    public int Value { get; set; }
}

public interface ICountGrain : IGrainWithIntegerKey
{
    Task<int> Add(int value);

    Task<(int Value, bool Exists, string? ETag)> Get();

    Task Clear();

    Task End();
}

public interface IHomelessGrain : IGrainWithGuidKey
{
    Task Touch();
}

public sealed class CountGrain([PersistentState("count")] IPersistentState<Count> count) : Grain, ICountGrain
{
    public async Task<int> Add(int value)
    {
        count.State.Value += value;
        await count.WriteStateAsync();
        return count.State.Value;
    }

    public Task<(int Value, bool Exists, string? ETag)> Get() => Task.FromResult((count.State.Value, count.RecordExists, count.Etag));

    public Task Clear() => count.ClearStateAsync();

    public Task End()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

public sealed class HomelessGrain([PersistentState("count", "nowhere")] IPersistentState<Count> count) : Grain, IHomelessGrain
{
    public Task Touch() => count.ReadStateAsync();
}
