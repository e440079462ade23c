using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>
/// A record is not the one that was read: someone else has written since. A grain whose call ends with this is deactivated, so that
/// the next call reads the state again.
/// </summary>
public class InconsistentStateException : OrleansException
{
    /// <summary>A conflict without a description.</summary>
    public InconsistentStateException()
    {
    }

    /// <summary>A conflict.</summary>
    public InconsistentStateException(string message)
        : base(message)
    {
    }

    /// <summary>A conflict with its cause.</summary>
    public InconsistentStateException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>A conflict of two versions.</summary>
    public InconsistentStateException(string errorMsg, string? storedEtag, string? currentEtag)
        : base(errorMsg)
    {
        StoredEtag = storedEtag;
        CurrentEtag = currentEtag;
    }

    /// <summary>The version that the storage has.</summary>
    public string? StoredEtag { get; }

    /// <summary>The version that the grain has.</summary>
    public string? CurrentEtag { get; }

    /// <summary>Whether the state is of the grain whose call ends with this, and not of one that it called.</summary>
    internal bool IsSourceActivation { get; set; } = true;

    /// <summary>Both versions besides the description.</summary>
    public override string ToString() => $"{base.ToString()} (stored {StoredEtag ?? "none"}, current {CurrentEtag ?? "none"})";
}
