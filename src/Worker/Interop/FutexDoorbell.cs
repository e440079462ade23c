using Atelier.Worker.Collectives.Links;

namespace Atelier.Worker.Interop;

/// <summary>
/// The doorbell between processes: a count in shared memory, and the kernel's queue at its address for those who sleep.
/// Ringing costs a system call only if somebody does.
/// </summary>
/// <param name="memory">Where it lies; the rank that waits is the only one.</param>
internal sealed unsafe class FutexDoorbell(MappedMemory memory) : IDoorbell
{
    private readonly int* _count = memory.Word(RingShape.Line);
    private readonly int* _sleeper = memory.Word(2 * RingShape.Line);

    /// <inheritdoc/>
    public int Count => Volatile.Read(ref *_count);

    /// <inheritdoc/>
    public void Ring()
    {
        // Either this sees the sleeper, or the sleeper's kernel call sees the new count.
        Interlocked.Increment(ref *_count);
        if (Volatile.Read(ref *_sleeper) != 0)
            LibC.Futex(_count, LibC.FutexWake, 1, TimeSpan.Zero);
    }

    /// <inheritdoc/>
    public void Wait(int seen, TimeSpan most)
    {
        Interlocked.Exchange(ref *_sleeper, 1);
        LibC.Futex(_count, LibC.FutexWait, seen, most);
        Volatile.Write(ref *_sleeper, 0);
    }
}
