using System.Diagnostics;
using static TorchSharp.torch;

namespace Atelier.Training.Benchmarks;

/// <summary>The machine's measured rate of copying memory: the floor of ops that do little arithmetic.</summary>
public static class CopyRate
{
    private const int Count = 16 << 20;
    private const int Repeats = 7;

    /// <summary>Best of several copies of 64 MiB by all threads of this process.</summary>
    /// <returns>GB/s, read and written bytes both counted.</returns>
    public static double Measure()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var from = ones([Count], ScalarType.Float32);
        var to = zeros([Count], ScalarType.Float32);
        double best = 0;
        for (int repeat = 0; repeat < Repeats; repeat++)
        {
            long start = Stopwatch.GetTimestamp();
            to.copy_(from);
            best = Math.Max(best, 2.0 * sizeof(float) * Count / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
        }
        return best;
    }
}
