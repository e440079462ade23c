namespace Atelier.Core.Fleet.Snapshots;

/// <summary>What becomes of an attempt.</summary>
public abstract record SnapshotDecision
{
    private SnapshotDecision()
    {
    }

    /// <summary>Not all writers have reported.</summary>
    public sealed record Wait : SnapshotDecision;

    /// <summary>Write the manifest: the snapshot exists from then on.</summary>
    /// <param name="StateSha256">The hash of the whole state, on which all writers agree.</param>
    public sealed record Commit(string StateSha256) : SnapshotDecision;

    /// <summary>Delete the slices.</summary>
    /// <param name="Reason">Why, for the event log.</param>
    /// <param name="NotBefore">The first iteration at which the next attempt may be made.</param>
    public sealed record Abandon(string Reason, long NotBefore) : SnapshotDecision;
}
