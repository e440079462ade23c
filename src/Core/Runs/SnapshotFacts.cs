namespace Atelier.Core.Runs;

/// <summary>What retention knows of a snapshot.</summary>
/// <param name="Name">Its name in the store.</param>
/// <param name="At">Its image count.</param>
/// <param name="Metric">Value of the deciding metric; null where it was not computed.</param>
/// <param name="Branch">The run's branch; a higher one is newer at any image count, because a rollback goes back in images.</param>
public sealed record SnapshotFacts(string Name, ImageCount At, double? Metric = null, uint Branch = 0);
