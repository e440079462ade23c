using Atelier.Kernels;
using Atelier.Training.Interop;
using Atelier.Training.Ops;
using TorchSharp;

namespace Atelier.Training.Numerics;

/// <summary>
/// Fixes how many threads the kernels and libtorch compute with. libtorch's own default follows the machine, and with it the
/// bits of its sums; so this must run before libtorch loads. Beside kernels libtorch has one thread: its sums then depend on
/// nothing, and its threads, which spin while they wait, do not take the cores from the kernels'.
/// </summary>
public static class NumericsEnvironment
{
    private static readonly Lock Gate = new();
    private static int? _threads;

    /// <summary>Sets the environment that libtorch loads in, and loads it.</summary>
    /// <param name="threads">Threads of one computation: the spec's <c>threads</c>.</param>
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
                throw new InvalidOperationException($"this process already uses {_threads} threads and cannot change to {threads}");
            _threads = threads;
            KeepFreedMemory();
            int own = OpKernels.Plain ? threads : 1;
            LibC.SetEnvironment("OMP_NUM_THREADS", own.ToString());
            LibC.SetEnvironment("OMP_DYNAMIC", "false");
            // Spinning between parallel regions pays only while every thread has a core of its own. It changes no bits.
            if (own > 1 && own * lanes <= Environment.ProcessorCount && Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null)
                LibC.SetEnvironment("OMP_WAIT_POLICY", "active");
            ThreadTeam.DefaultThreads = threads;
            TorchLibrary.Load();
            // For a process in which something has used a tensor before.
            torch.set_num_threads(own);
        }
    }

    /// <summary>
    /// Lets the C library keep freed memory for the next tensor. By default it gives large blocks back to the kernel at once,
    /// and every tensor of every step pays again for page faults: up to half of an iteration's time on a virtual machine.
    /// </summary>
    private static void KeepFreedMemory()
    {
        // malloc.h
        const int trimThreshold = -1, topPad = -2, mmapMax = -4;
        if (!OperatingSystem.IsLinux())
            return;
        // All blocks come from the heap, whose end is moved in large steps and not moved back below 2 GiB of free memory.
        foreach (var (parameter, value) in (ReadOnlySpan<(int, int)>)[(mmapMax, 0), (trimThreshold, int.MaxValue), (topPad, 64 << 20)])
        {
            if (LibC.SetHeapParameter(parameter, value) == 0)
                throw new InvalidOperationException($"could not set malloc's parameter {parameter} to {value}");
        }
    }
}
