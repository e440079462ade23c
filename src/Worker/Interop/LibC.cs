using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Atelier.Worker.Interop;

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
        var other => throw new PlatformNotSupportedException($"The number of futex on {other} is not known here."),
    };

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint Call(nint number, int* word, nint operation, nint value, TimeSpec* timeout, nint unused, nint unusedToo);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct TimeSpec(long Seconds, long Nanoseconds);
}
