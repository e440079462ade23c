using System.Text.Json;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Atelier.Coordinator.Storage;

/// <summary>What a grain stores, and which of its activations wrote it last.</summary>
public abstract class EpochState
{
    /// <summary>Rises with every activation of the grain; 0 before the first.</summary>
    public long Epoch { get; set; }

    /// <summary>What is being stored, while it is. The provider would encode the state on another thread, while the grain changes it.</summary>
    internal BinaryData? Encoded { get; set; }
}

/// <summary>
/// A grain that stores its state before it acts. An activation first writes a higher epoch; every order that it gives carries it, and
/// workers refuse lower ones. So an activation that lost its place can neither store nor command.
/// </summary>
/// <typeparam name="T">The state.</typeparam>
/// <param name="storage">The state, stored.</param>
public abstract class StoringGrain<T>(IPersistentState<T> storage) : Grain
    where T : EpochState
{
    private bool _hasTakenOver;
    private Task _write = Task.CompletedTask;
    private Task? _nextWrite;

    /// <summary>The state.</summary>
    protected T State => storage.State;

    /// <summary>This activation's epoch. It has taken over.</summary>
    protected long Epoch => _hasTakenOver ? State.Epoch : throw new InvalidOperationException("The activation has not taken over yet.");

    /// <summary>Takes the place of former activations, once; before that, nothing is ordered or changed.</summary>
    protected async Task TakeOverAsync()
    {
        if (_hasTakenOver)
            return;
        State.Epoch++;
        await StoreAsync();
        _hasTakenOver = true;
    }

    /// <summary>Begins anew with another state. The epoch goes on, so that workers do not take orders for those of a former activation.</summary>
    /// <param name="fresh">The state.</param>
    protected async Task BeginAnewAsync(T fresh)
    {
        ArgumentNullException.ThrowIfNull(fresh);
        fresh.Epoch = State.Epoch;
        storage.State = fresh;
        await StoreAsync();
    }

    /// <summary>
    /// Stores the state. If that fails, the grain is let go, and the next call finds it as it was stored: what is not stored is
    /// never acted on, nor taken for stored. Calls that come while a write is under way share the one that follows it.
    /// </summary>
    protected Task StoreAsync() => _nextWrite ?? (_write.IsCompletedSuccessfully ? _write = WriteAsync() : _nextWrite = WriteNextAsync());

    private async Task WriteNextAsync()
    {
        // After one that failed nothing more is written: what it had is not known to be stored.
        await _write;
        _nextWrite = null;
        await (_write = WriteAsync());
    }

    private async Task WriteAsync()
    {
        try
        {
            State.Encoded = GrainStateJson.Encode(State);
            await storage.WriteStateAsync();
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }
        finally
        {
            State.Encoded = null;
        }
    }
}

/// <summary>Grains' states as JSON in UTF-8, which the next version reads too.</summary>
internal sealed class GrainStateJson : IGrainStorageSerializer
{
    public static GrainStateJson Instance { get; } = new();

    public static BinaryData Encode<T>(T? input) => new(JsonSerializer.SerializeToUtf8Bytes(input));

    public BinaryData Serialize<T>(T? input) => input is EpochState { Encoded: { } encoded } ? encoded : Encode(input);

    public T Deserialize<T>(BinaryData input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return JsonSerializer.Deserialize<T>(input.ToMemory().Span)!;
    }
}
