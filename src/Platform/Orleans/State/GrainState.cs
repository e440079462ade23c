namespace Orleans;

/// <summary>A state on its way to or from a storage.</summary>
/// <typeparam name="T">The type of the state.</typeparam>
public sealed class GrainState<T> : IGrainState<T>
{
    /// <summary>No state yet.</summary>
    public GrainState()
    {
    }

    /// <summary>A state without a record.</summary>
    public GrainState(T state)
        : this(state, null)
    {
    }

    /// <summary>A state and the version of its record.</summary>
    public GrainState(T state, string? eTag)
    {
        State = state;
        ETag = eTag;
    }

    /// <inheritdoc/>
    public T State { get; set; } = default!;

    /// <inheritdoc/>
    public string? ETag { get; set; }

    /// <inheritdoc/>
    public bool RecordExists { get; set; }
}
