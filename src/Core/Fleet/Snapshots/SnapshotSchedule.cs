namespace Atelier.Core.Fleet.Snapshots;

/// <summary>When periodic snapshots are due: after the iteration that reaches or crosses a multiple of the interval.</summary>
/// <param name="BaseIteration">An iteration whose image count is known: 0, or that of the snapshot which the run goes on from.</param>
/// <param name="BaseImages">Images shown by then.</param>
/// <param name="Batch">Images an iteration.</param>
/// <param name="Interval">Images between two snapshots; 0 for none.</param>
public sealed record SnapshotSchedule(long BaseIteration, long BaseImages, int Batch, long Interval)
{
    /// <summary>Images shown when so many iterations are done.</summary>
    /// <param name="iteration">Iterations done.</param>
    public ImageCount ImagesAt(long iteration) => new(BaseImages + ((iteration - BaseIteration) * Batch));

    /// <summary>Iterations done when so many images are shown, the last one whole.</summary>
    /// <param name="total">Images.</param>
    public long IterationAt(ImageCount total) => BaseIteration + Math.Max(0, (total.Images - BaseImages + Batch - 1) / Batch);

    /// <summary>The first due iteration after another one; null for none.</summary>
    /// <param name="iteration">Iterations done.</param>
    public long? NextAfter(long iteration)
    {
        if (Interval <= 0) return null;
        var multiple = ((ImagesAt(iteration).Images / Interval) + 1) * Interval;
        return Math.Max(iteration + 1, IterationAt(new(multiple)));
    }
}
