namespace Orleans.Core;

/// <summary>A state and the record that it is kept in.</summary>
public interface IStorage
{
    /// <summary>The version of the record that was read or written last.</summary>
    string? Etag { get; }

    /// <summary>Whether there is a record.</summary>
    bool RecordExists { get; }

    /// <summary>Deletes the record and resets the state.</summary>
    /// <exception cref="Storage.InconsistentStateException">Someone else has written since.</exception>
    Task ClearStateAsync();

    /// <summary>Writes the state, provided that the record is the one that was read or written last.</summary>
    /// <exception cref="Storage.InconsistentStateException">Someone else has written since.</exception>
    Task WriteStateAsync();

    /// <summary>Reads the state again.</summary>
    Task ReadStateAsync();
}
