using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace Orleans.Runtime;

/// <summary>One state of an activation.</summary>
internal abstract class StateRecord
{
    /// <summary>Reads the state, before the grain is activated.</summary>
    public abstract Task LoadAsync();

    /// <summary>Makes the state that a constructor parameter asks for.</summary>
    /// <exception cref="BadProviderConfigException">There is no storage of that name.</exception>
    public static StateRecord For(ParameterInfo parameter, PersistentStateAttribute attribute, Activation activation)
    {
        var type = parameter.ParameterType;
        if (!type.IsGenericType || type.GetGenericTypeDefinition() != typeof(IPersistentState<>))
            throw new OrleansConfigurationException($"{parameter.Member.DeclaringType}: {parameter.Name} is a [PersistentState] and must be an IPersistentState.");
        var storage = attribute.StorageName is { } name
            ? activation.ActivationServices.GetKeyedService<IGrainStorage>(name)
            : activation.ActivationServices.GetService<IGrainStorage>();
        if (storage is null)
            throw new BadProviderConfigException($"{parameter.Member.DeclaringType} wants the storage {attribute.StorageName ?? "Default"} for {attribute.StateName}; the silo has none.");
        return (StateRecord)Activator.CreateInstance(typeof(StateRecord<>).MakeGenericType(type.GetGenericArguments()), attribute.StateName, activation, storage)!;
    }
}

/// <inheritdoc/>
internal sealed class StateRecord<TState>(string name, Activation activation, IGrainStorage storage) : StateRecord, IPersistentState<TState>
{
    private readonly GrainState<TState> _state = new(NewState());

    public TState State
    {
        get => _state.State;
        set => _state.State = value;
    }

    public string? Etag => _state.ETag;

    public bool RecordExists => _state.RecordExists;

    public override Task LoadAsync() => ReadStateAsync();

    public Task ReadStateAsync()
    {
        activation.RequireTurn();
        return storage.ReadStateAsync(name, activation.GrainId, _state);
    }

    public Task WriteStateAsync()
    {
        activation.RequireTurn();
        return storage.WriteStateAsync(name, activation.GrainId, _state);
    }

    public async Task ClearStateAsync()
    {
        activation.RequireTurn();
        await storage.ClearStateAsync(name, activation.GrainId, _state);
        _state.State = NewState();
    }

    private static TState NewState() =>
        typeof(TState).IsValueType || typeof(TState).GetConstructor([]) is not null
            ? Activator.CreateInstance<TState>()
            : (TState)RuntimeHelpers.GetUninitializedObject(typeof(TState));
}
