using System.Runtime;
using Atelier.Core.Sharding;
using Atelier.Training.Interop;
using Atelier.Training.Numerics;
using Atelier.Worker.Collectives;
using Atelier.Worker.Collectives.Links;
using static Atelier.Training.Interop.TensorArithmetic;
using static TorchSharp.torch;

namespace Atelier.Worker.Benchmarks;

/// <summary>
/// Times all-reduces of a float32 buffer, one shard a rank: the median of those that come when the JIT compiler has done with
/// the code of the links, as it has in the first minute of a run.
/// </summary>
public static class AllReduceBenchmark
{
    // The compiler waits 100 ms for quiet before it compiles again what has proved hot.
    private static readonly TimeSpan CompilerQuiet = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestWarmUp = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Takes part as one rank; all ranks call it with the same values.</summary>
    /// <param name="links">This rank's links; disposed.</param>
    /// <param name="megabytes">Size of the buffer, in 10⁶ bytes.</param>
    /// <param name="repetitions">Timed all-reduces.</param>
    /// <exception cref="CollectiveException">Another rank left.</exception>
    /// <exception cref="InvalidOperationException">The sum is wrong.</exception>
    public static AllReduceRate Run(IRankLinks links, int megabytes, int repetitions, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(links);
        ArgumentNullException.ThrowIfNull(time);
        NumericsEnvironment.Apply(threads: 1, lanes: links.Ranks);
        using var reduction = new CollectiveReduction(ShardPlan.Even(links.Ranks, links.Ranks).Ranges, links, Patience, time);
        using var scope = NewDisposeScope();
        long elements = megabytes * 1_000_000L / sizeof(float);
        WarmUp(reduction, elements, time);
        var seconds = new List<double>();
        for (int i = 0; i < repetitions; i++)
        {
            AnyOf(reduction, false);
            seconds.Add(TimeOne(reduction, elements, time));
        }
        double median = seconds.Order().ElementAt(repetitions / 2);
        return new AllReduceRate(median, 2.0 * (links.Ranks - 1) / links.Ranks * megabytes / 1000 / median, reduction.ExtraBytes(elements, sizeof(float)));
    }

    private static void WarmUp(CollectiveReduction reduction, long elements, TimeProvider time)
    {
        long start = time.GetTimestamp(), changed = start;
        long compiled;
        do
        {
            compiled = JitInfo.GetCompiledMethodCount();
            TimeOne(reduction, elements, time);
            if (JitInfo.GetCompiledMethodCount() != compiled)
                changed = time.GetTimestamp();
        }
        while (AnyOf(reduction, time.GetElapsedTime(changed) < CompilerQuiet && time.GetElapsedTime(start) < LongestWarmUp));
    }

    private static double TimeOne(CollectiveReduction reduction, long elements, TimeProvider time)
    {
        var buffer = ones(elements);
        long start = time.GetTimestamp();
        using var sum = Sum(reduction, "bench", buffer);
        double seconds = time.GetElapsedTime(start).TotalSeconds;
        float ranks = reduction.ShardCount;
        if (sum.min().item<float>() != ranks || sum.max().item<float>() != ranks)
            throw new InvalidOperationException($"the sum of {ranks} ones is between {sum.min().item<float>()} and {sum.max().item<float>()}");
        return seconds;
    }

    // Whether any rank says yes; the same answer on all. A barrier, too: everybody leaves it after everybody entered, since each
    // waits for a part of all others.
    private static bool AnyOf(CollectiveReduction reduction, bool mine)
    {
        using var votes = Sum(reduction, "vote", full(16L * reduction.ShardCount, Number(mine ? 1.0 : 0), ScalarType.Float32));
        return votes.max().item<float>() > 0;
    }

    private static Tensor Sum(CollectiveReduction reduction, string phase, Tensor buffer) =>
        reduction.Reduce(phase, [new SubtreeSum<Tensor>(reduction.Held, buffer)], CancellationToken.None);
}

/// <summary>How fast ranks sum a buffer.</summary>
/// <param name="Seconds">Median time of one all-reduce.</param>
/// <param name="BusGigabytesPerSecond">2(n−1)/n · 10⁹ bytes a second, for n ranks: what each rank's link must carry at least.</param>
/// <param name="ExtraBytes">Memory that one rank takes besides the buffer.</param>
public sealed record AllReduceRate(double Seconds, double BusGigabytesPerSecond, long ExtraBytes);
