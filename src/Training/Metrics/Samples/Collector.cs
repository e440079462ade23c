using Atelier.Core.Metrics;
using Atelier.Training.Metrics.Statistics;
using Atelier.Training.Step;
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

/// <summary>
/// Computes ranges, some at once, and hands their results over in the order of the ranges. How many lanes there are changes
/// the speed, never what is handed over or when in the order. Another process could be a lane.
/// </summary>
public static class RangeLanes
{
    /// <summary>Computes all ranges.</summary>
    /// <param name="ranges">In order.</param>
    /// <param name="lanes">How many at once; the caller's thread is the first.</param>
    /// <param name="compute">Computes one, on any lane's thread.</param>
    /// <param name="take">Gets the results in order, one at a time, and owns them.</param>
    /// <param name="cancellation">Checked before every range.</param>
    public static void Run<T>(
        IReadOnlyList<SampleRange> ranges, int lanes, Func<SampleRange, T> compute, Action<SampleRange, T> take, CancellationToken cancellation)
        where T : IDisposable
    {
        ArgumentNullException.ThrowIfNull(ranges);
        ArgumentOutOfRangeException.ThrowIfLessThan(lanes, 1);
        var waiting = new Dictionary<int, T>();
        int next = -1, taken = 0;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        void Work()
        {
            for (int i = Interlocked.Increment(ref next); i < ranges.Count; i = Interlocked.Increment(ref next))
            {
                stop.Token.ThrowIfCancellationRequested();
                var result = compute(ranges[i]);
                lock (waiting)
                {
                    waiting.Add(i, result);
                    while (waiting.Remove(taken, out var ready))
                        take(ranges[taken++], ready);
                }
            }
        }
        void Lane()
        {
            try
            {
                Work();
            }
            catch
            {
                stop.Cancel(); // the other lanes' ranges have become useless
                throw;
            }
        }
        var threads = Enumerable.Range(1, Math.Min(lanes, Math.Max(1, ranges.Count)) - 1).Select(lane => new LaneThread($"evaluation {lane}")).ToList();
        try
        {
            LaneThread.WaitAll(threads.Select(thread => thread.Start(Lane)).ToList(), Lane);
        }
        finally
        {
            threads.ForEach(thread => thread.Dispose());
            foreach (var left in waiting.Values)
                left.Dispose();
        }
    }
}
