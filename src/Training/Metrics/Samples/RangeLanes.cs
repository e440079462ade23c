using Atelier.Core.Metrics;
using Atelier.Training.Step;

namespace Atelier.Training.Metrics.Samples;

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
