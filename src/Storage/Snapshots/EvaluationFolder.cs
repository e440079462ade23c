using Atelier.Storage.Blobs;

namespace Atelier.Storage.Snapshots;

/// <summary>What workers leave for each other while they measure a snapshot; deleted when all its metrics are known.</summary>
public static class EvaluationFolder
{
    private const string Root = "evaluations/";

    /// <summary>A snapshot's folder in the run's store, with the slash at its end.</summary>
    /// <param name="snapshot">The snapshot.</param>
    public static string Of(SnapshotName snapshot) => $"{Root}{snapshot}/";

    /// <summary>Deletes what was left for a snapshot, also by a worker that died while it wrote.</summary>
    /// <param name="blobs">The run's store.</param>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="cancellationToken">Stops deleting.</param>
    public static async Task DeleteAsync(IBlobStore blobs, SnapshotName snapshot, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(blobs);
        await blobs.SweepAsync(Of(snapshot), cancellationToken);
        foreach (var blob in await blobs.ListAsync(Of(snapshot), cancellationToken)) await blobs.DeleteAsync(blob, cancellationToken);
    }
}
