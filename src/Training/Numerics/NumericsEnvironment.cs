using Atelier.Training.Interop;

namespace Atelier.Training.Numerics;

/// <summary>
/// Fixes how many threads libtorch and BLAS compute with. Their own defaults follow the machine, and with them the bits
/// of every sum; so this must run before libtorch loads.
/// </summary>
public static class NumericsEnvironment
{
    private static readonly Lock Gate = new();
    private static int? _threads;

    /// <summary>Sets the environment that libtorch loads in.</summary>
    /// <param name="threads">OpenMP threads of one computation: the spec's <c>threads</c>.</param>
    /// <param name="lanes">Computations at once; only decides whether waiting threads may spin.</param>
    /// <exception cref="InvalidOperationException">It was set for another number of threads, and libtorch may have loaded since.</exception>
    public static void Apply(int threads, int lanes = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        lock (Gate)
        {
            if (_threads == threads)
                return;
            if (_threads is not null)
                throw new InvalidOperationException($"this process already computes with {_threads} threads and cannot change to {threads}");
            _threads = threads;
            NativeHeap.KeepFreedMemory();
            Set("OMP_NUM_THREADS", threads.ToString());
            Set("OMP_DYNAMIC", "false");
            // OpenBLAS's own pool spins against OpenMP's, and its size changes the bits of matrix products.
            Set("OPENBLAS_NUM_THREADS", "1");
            // Spinning between parallel regions pays only while every thread has a core of its own. It changes no bits.
            if (threads > 1 && threads * lanes <= Environment.ProcessorCount && Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null)
                Set("OMP_WAIT_POLICY", "active");
        }
    }

    private static void Set(string name, string value)
    {
        Environment.SetEnvironmentVariable(name, value);
        if (LibC.SetEnvironmentVariable(name, value, overwrite: 1) != 0)
            throw new InvalidOperationException($"the environment variable {name} could not be set");
    }
}
