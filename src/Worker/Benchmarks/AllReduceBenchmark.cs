using Atelier.Core.Sharding;
using Atelier.Training.Numerics;
using Atelier.Worker.Collectives;
using Atelier.Worker.Collectives.Links;
using static TorchSharp.torch;

namespace Atelier.Worker.Benchmarks;

/// <summary>Times all-reduces of a float32 buffer, one shard a rank, as torch.distributed's are timed: median after two warm-ups.</summary>
public static class AllReduceBenchmark
{
    private const int WarmUps = 2;
    private const int SmallWarmUps = 40;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Takes part as one rank; all ranks call it with the same values.</summary>
    /// <param name="links">This rank's links; disposed.</param>
    /// <param name="megabytes">Size of the buffer, in 10⁶ bytes.</param>
    /// <param name="repetitions">Timed all-reduces.</param>
    /// <param name="time">The clock.</param>
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
        for (int i = 0; i < SmallWarmUps; i++)
            Barrier(reduction);
        var seconds = new List<double>();
        for (int i = 0; i < WarmUps + repetitions; i++)
        {
            var buffer = ones(elements);
            Barrier(reduction);
            long start = time.GetTimestamp();
            var sum = Sum(reduction, "bench", buffer);
            seconds.Add(time.GetElapsedTime(start).TotalSeconds);
            if (sum.min().item<float>() != links.Ranks || sum.max().item<float>() != links.Ranks)
                throw new InvalidOperationException($"the sum of {links.Ranks} ones lies between {sum.min().item<float>()} and {sum.max().item<float>()}");
            sum.Dispose();
        }
        double median = seconds.Skip(WarmUps).Order().ElementAt(repetitions / 2);
        return new AllReduceRate(median, 2.0 * (links.Ranks - 1) / links.Ranks * megabytes / 1000 / median, reduction.ExtraBytes(elements, sizeof(float)));
    }

    // Everybody leaves it after everybody entered: each waits for a part of all others.
    private static void Barrier(CollectiveReduction reduction) => Sum(reduction, "barrier", ones(16L * reduction.ShardCount)).Dispose();

    private static Tensor Sum(CollectiveReduction reduction, string phase, Tensor buffer) =>
        reduction.Reduce(phase, [new SubtreeSum<Tensor>(reduction.Held, buffer)], CancellationToken.None);
}
