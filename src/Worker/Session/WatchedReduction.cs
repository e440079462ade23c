using Atelier.Core.Sharding;
using Atelier.Training.Step;
using Atelier.Worker.Collectives;
using Atelier.Worker.Telemetry;
using static TorchSharp.torch;

namespace Atelier.Worker.Session;

/// <summary>A reduction that knows how long its rank has waited in it, and for whom it waits now.</summary>
/// <param name="inner">The reduction.</param>
/// <param name="run">The run, for metrics.</param>
/// <param name="awaited">The rank that a lasting wait is for.</param>
internal sealed class WatchedReduction(IPhaseReduction inner, string run, Func<int?> awaited, TimeProvider time) : IPhaseReduction
{
    private readonly KeyValuePair<string, object?> _run = WorkerMetrics.Tag("run", run);

    /// <inheritdoc/>
    public ShardRange Held => inner.Held;

    /// <inheritdoc/>
    public int ShardCount => inner.ShardCount;

    /// <summary>Time spent here so far.</summary>
    public TimeSpan Taken { get; private set; }

    /// <summary>The rank that this one waits for, if it has waited for a while; from any thread.</summary>
    public int? Awaited => awaited();

    /// <inheritdoc/>
    public Tensor Reduce(string phase, IReadOnlyList<SubtreeSum<Tensor>> pieces, CancellationToken cancellation)
    {
        long start = time.GetTimestamp();
        // One rank alone sums nothing with others.
        long bytes = inner is CollectiveReduction or DeviceReduction ? pieces.Sum(piece => piece.Value.NumberOfElements * piece.Value.ElementSize) : 0;
        try
        {
            return inner.Reduce(phase, pieces, cancellation);
        }
        finally
        {
            var taken = time.GetElapsedTime(start);
            Taken += taken;
            if (bytes > 0)
            {
                WorkerMetrics.ReduceDuration.Record(taken.TotalSeconds, _run, WorkerMetrics.Tag("phase", phase));
                WorkerMetrics.ReduceSize.Add(bytes, _run);
            }
        }
    }
}
