using System.Buffers;
using System.ComponentModel;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Atelier.Worker.Collectives.Links;
using Microsoft.Win32.SafeHandles;

namespace Atelier.Worker.Interop;

/// <summary>
/// Memory that processes of one host share. It has no name in any folder: others open it through <c>/proc</c> while its owner
/// lives, and it is freed with the last process that maps it, even if all are killed.
/// </summary>
/// <remarks>Nobody may use the memory while it is disposed.</remarks>
internal sealed unsafe class MappedMemory : MemoryManager<byte>
{
    private readonly SafeFileHandle _file;
    private readonly MemoryMappedFile _mapping;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _pointer;
    private readonly int _length;

    private MappedMemory(SafeFileHandle file, int bytes)
    {
        _file = file;
        _mapping = MemoryMappedFile.CreateFromFile(file, null, bytes, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
        _view = _mapping.CreateViewAccessor(0, bytes, MemoryMappedFileAccess.ReadWrite);
        _length = bytes;
        byte* pointer = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        _pointer = pointer + _view.PointerOffset;
    }

    /// <summary>The file's number in this process, by which others open it.</summary>
    public int Descriptor => (int)_file.DangerousGetHandle();

    /// <summary>New memory, zero.</summary>
    /// <param name="name">Shown in <c>/proc/PID/maps</c>.</param>
    /// <param name="bytes">Its size.</param>
    /// <exception cref="IOException">The system gives none.</exception>
    public static MappedMemory Create(string name, int bytes)
    {
        var file = LibC.CreateMemoryFile(name, LibC.CloseOnExec);
        if (file.IsInvalid)
            throw new IOException($"cannot get shared memory: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        RandomAccess.SetLength(file, bytes);
        return new MappedMemory(file, bytes);
    }

    /// <summary>Memory of another process.</summary>
    /// <param name="process">Its id.</param>
    /// <param name="descriptor">The file's number there.</param>
    /// <param name="bytes">The size it must have.</param>
    /// <exception cref="IOException">The process ended, belongs to somebody else, or its file is another.</exception>
    public static MappedMemory Open(int process, int descriptor, int bytes)
    {
        var file = File.OpenHandle($"/proc/{process}/fd/{descriptor}", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        // Reading beyond the end of a mapped file would end this process.
        if (RandomAccess.GetLength(file) != bytes)
        {
            file.Dispose();
            throw new IOException($"the shared memory of process {process} does not have {bytes} bytes");
        }
        return new MappedMemory(file, bytes);
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan() => new(_pointer, _length);

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) => new(_pointer + elementIndex);

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <summary>The address of a 32-bit word.</summary>
    /// <param name="offset">Where it lies, in bytes; a multiple of 4.</param>
    internal int* Word(int offset) => (int*)(_pointer + offset);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing || _view.SafeMemoryMappedViewHandle.IsClosed)
            return;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _mapping.Dispose();
        _file.Dispose();
    }
}

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

/// <summary>What collectives need of Linux and the class library does not have.</summary>
internal static unsafe partial class LibC
{
    /// <summary>MFD_CLOEXEC.</summary>
    public const uint CloseOnExec = 1;

    /// <summary>FUTEX_WAIT and FUTEX_WAKE between processes.</summary>
    public const int FutexWait = 0, FutexWake = 1;

    /// <summary>A file without a name, in memory: it is gone when nobody has it open or mapped, however its owner ended.</summary>
    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle CreateMemoryFile(string name, uint flags);

    /// <summary>The user that this process acts for.</summary>
    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial int UserId();

    /// <summary>futex(2), which the C library does not wrap.</summary>
    public static nint Futex(int* word, int operation, int value, TimeSpan most)
    {
        var timeout = new TimeSpec(most.Ticks / TimeSpan.TicksPerSecond, most.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick);
        return Call(FutexNumber, word, operation, value, &timeout, 0, 0);
    }

    private static nint FutexNumber { get; } = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 202,
        Architecture.Arm64 => 98,
        var other => throw new PlatformNotSupportedException($"The system call number of futex on {other} is unknown."),
    };

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint Call(nint number, int* word, nint operation, nint value, TimeSpec* timeout, nint unused, nint unusedToo);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct TimeSpec(long Seconds, long Nanoseconds);
}
