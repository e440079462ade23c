using System.Diagnostics;
using static TorchSharp.torch;

namespace Atelier.Training.Benchmarks;

/// <summary>The machine's measured rate of float32 matrix products: the floor that a training step is compared with.</summary>
public static class GemmRate
{
    private const int Size = 1024;
    private const int Repeats = 7;

    /// <summary>Best of several products of 1024×1024 matrices, one on each of <paramref name="threads"/> threads at once.</summary>
    /// <returns>GFLOP/s over all threads.</returns>
    public static double Measure(int threads)
    {
        double best = 0;
        for (int repeat = 0; repeat < Repeats; repeat++)
        {
            using var ready = new Barrier(threads + 1);
            var workers = Enumerable.Range(0, threads).Select(_ => new Thread(() => Product(ready))).ToArray();
            foreach (var worker in workers)
                worker.Start();
            ready.SignalAndWait();
            long start = Stopwatch.GetTimestamp();
            foreach (var worker in workers)
                worker.Join();
            best = Math.Max(best, threads * 2.0 * Size * Size * Size / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
        }
        return best;
    }

    private static void Product(Barrier ready)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var a = ones([Size, Size], ScalarType.Float32);
        var b = ones([Size, Size], ScalarType.Float32);
        mm(a, b);
        ready.SignalAndWait();
        mm(a, b);
    }
}
