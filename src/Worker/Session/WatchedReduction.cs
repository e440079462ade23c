using Atelier.Core.Sharding;
using Atelier.Training.Step;

namespace Atelier.Worker.Session;

/// <summary>A reduction that knows how long its rank has waited in it, and for whom it waits now.</summary>
/// <param name="inner">The reduction.</param>
/// <param name="awaited">The rank that a lasting wait is for.</param>
/// <param name="time">The clock.</param>
internal sealed class WatchedReduction(IPhaseReduction inner, Func<int?> awaited, TimeProvider time) : IPhaseReduction
{
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
        try
        {
            return inner.Reduce(phase, pieces, cancellation);
        }
        finally
        {
            Taken += time.GetElapsedTime(start);
        }
    }
}
