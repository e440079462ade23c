namespace Orleans;

/// <summary>A state on its way to or from a storage.</summary>
/// <typeparam name="T">The type of the state.</typeparam>
public interface IGrainState<T>
{
    /// <summary>The state.</summary>
    T State { get; set; }

    /// <summary>The version of its record; null without one.</summary>
    string? ETag { get; set; }

    /// <summary>Whether there is a record.</summary>
    bool RecordExists { get; set; }
}
