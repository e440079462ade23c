namespace Atelier.Core.Runs;

/// <summary>What retention knows of a snapshot.</summary>
/// <param name="Name">Its name in the store.</param>
/// <param name="At">Its image count.</param>
/// <param name="Metric">Value of the deciding metric; null where it was not computed.</param>
/// <param name="Branch">The run's branch; a higher one is newer at any image count, because a rollback goes back in images.</param>
public sealed record SnapshotFacts(string Name, ImageCount At, double? Metric = null, uint Branch = 0)
{
    /// <summary>
    /// The snapshots that a state comes from. A branch's first snapshot is where it left the one before; what came later there
    /// was given up, whether it was measured or not.
    /// </summary>
    /// <param name="snapshots">Snapshots that there are.</param>
    /// <param name="branch">The state's branch.</param>
    /// <param name="until">Its image count.</param>
    public static IEnumerable<SnapshotFacts> Lineage(IEnumerable<SnapshotFacts> snapshots, uint branch, ImageCount until)
    {
        ArgumentNullException.ThrowIfNull(snapshots);
        return Descend(snapshots.Where(snapshot => snapshot.Branch <= branch), until);
    }

    private static IEnumerable<SnapshotFacts> Descend(IEnumerable<SnapshotFacts> snapshots, ImageCount until)
    {
        foreach (var those in snapshots.GroupBy(snapshot => snapshot.Branch).OrderByDescending(those => those.Key))
        {
            foreach (var snapshot in those.Where(snapshot => snapshot.At <= until)) yield return snapshot;
            var first = those.Min(snapshot => snapshot.At);
            if (first < until) until = first;
        }
    }
}
