using Atelier.Core.Metrics;
using Atelier.Training.Metrics.Statistics;
using static TorchSharp.torch;

namespace Atelier.Training.Metrics.Samples;

/// <summary>Computes all samples of a source in ranges, and puts them together in order.</summary>
/// <param name="metric">For progress.</param>
/// <param name="lanes">Ranges at once.</param>
/// <param name="stored">Ranges that others have computed; null for none.</param>
/// <param name="progress">Told of finished ranges.</param>
/// <param name="cancellation">Ends it between two ranges.</param>
public sealed class Collector(string metric, int lanes, StoredRows? stored, IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
{
    /// <summary>Ends the evaluation.</summary>
    public CancellationToken Cancellation => cancellation;

    /// <summary>The moments of all samples; the caller disposes them.</summary>
    public FeatureMoments Moments(ISampleSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        FeatureMoments? all = null;
        Run(
            source,
            range =>
            {
                using var rows = Compute(source, range);
                return FeatureMoments.Of(rows);
            },
            (_, moments) =>
            {
                if (all is null)
                {
                    all = moments;
                    return;
                }
                all.Add(moments);
                moments.Dispose();
            });
        return all ?? throw new InvalidOperationException($"{metric} has no samples");
    }

    /// <summary>The numbers of all samples, float32 [Count, D].</summary>
    public Tensor Rows(ISampleSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        Tensor? all = null;
        Run(
            source,
            range => Compute(source, range).DetachFromDisposeScope(),
            (range, rows) =>
            {
                // One block from the start: pieces that are joined at the end would need the memory twice.
                all ??= empty([source.Count, rows.shape[1]], ScalarType.Float32).DetachFromDisposeScope();
                using var scope = NewDisposeScope();
                all.narrow(0, range.Start, range.Count).copy_(rows);
                rows.Dispose();
            });
        return all is null ? throw new InvalidOperationException($"{metric} has no samples") : Attach(all);
    }

    // The lanes' threads have scopes of their own; the caller's gets the result.
    private static Tensor Attach(Tensor rows)
    {
        using (rows)
            return rows.alias();
    }

    private Tensor Compute(ISampleSource source, SampleRange range) => stored?.Find(source, range) ?? source.Compute(range);

    private void Run<T>(ISampleSource source, Func<SampleRange, T> compute, Action<SampleRange, T> take)
        where T : IDisposable
    {
        progress?.Report(new EvaluationProgress(metric, source.What, 0, source.Count));
        RangeLanes.Run(
            SampleRange.Cut(source.Count), lanes, compute,
            (range, result) =>
            {
                take(range, result);
                progress?.Report(new EvaluationProgress(metric, source.What, range.End, source.Count));
            },
            cancellation);
    }
}
