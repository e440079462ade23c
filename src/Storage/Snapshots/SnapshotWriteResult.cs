namespace Atelier.Storage.Snapshots;

/// <summary>How writing a snapshot ended. Failing is no exception: training goes on.</summary>
/// <param name="Name">The snapshot's name.</param>
public abstract record SnapshotWriteResult(SnapshotName Name)
{
    /// <summary>It is whole and durable.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Manifest">Its manifest.</param>
    public sealed record Written(SnapshotName Name, SnapshotManifest Manifest) : SnapshotWriteResult(Name);

    /// <summary>It could not be written and nothing of it is left; earlier ones stand.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Reason">Why.</param>
    /// <param name="IsDiskFull">Whether for want of space.</param>
    public sealed record Failed(SnapshotName Name, string Reason, bool IsDiskFull) : SnapshotWriteResult(Name);
}
