using Atelier.Training.Interop;

namespace Atelier.Training.Numerics;

/// <summary>
/// Lets the C library keep freed memory for the next tensor. By default it gives large blocks back to the kernel at once,
/// and every tensor of every step pays again for page faults: up to half of an iteration's time on a virtual machine.
/// </summary>
internal static class NativeHeap
{
    // malloc.h
    private const int TrimThreshold = -1;
    private const int TopPad = -2;
    private const int MmapMax = -4;

    private const int GrowthBytes = 64 << 20;

    public static void KeepFreedMemory()
    {
        // All blocks come from the heap, whose end is moved in large steps and not moved back below 2 GiB of free memory.
        Set(MmapMax, 0);
        Set(TrimThreshold, int.MaxValue);
        Set(TopPad, GrowthBytes);
    }

    private static void Set(int parameter, int value)
    {
        if (LibC.SetHeapParameter(parameter, value) == 0)
            throw new InvalidOperationException($"malloc's parameter {parameter} could not be set to {value}");
    }
}
