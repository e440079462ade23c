namespace Atelier.Storage.Snapshots;

/// <summary>The best snapshot of a run by a metric, and the link to it in the run's folder.</summary>
public static class BestSnapshot
{
    public const string LinkName = "best";

    /// <summary>Points the link to the best snapshot; without a measured one there is no link to make.</summary>
    /// <returns>Why the link could not be made; null where nothing went wrong.</returns>
    public static async Task<string?> LinkAsync(SnapshotStore store, string folder, string metric, bool higherIsBetter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        double ValueOf(SnapshotEntry entry) => entry.Manifest!.Metrics[metric];
        var measured = (await store.ListAsync(cancellationToken))
            .Where(entry => entry.Damage is null && entry.Manifest!.Metrics.TryGetValue(metric, out var value) && double.IsFinite(value))
            .ToList();
        if (measured.Count == 0) return null;
        var best = higherIsBetter ? measured.MaxBy(ValueOf)! : measured.MinBy(ValueOf)!;
        var link = Path.Combine(folder, LinkName);
        try
        {
            File.Delete(link);
            Directory.CreateSymbolicLink(link, SnapshotStore.FolderOf(best.Name));
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"could not create {link}: {error.Message}";
        }
    }
}
