using System.Runtime.InteropServices;

namespace Atelier.Training.Interop;

/// <summary>
/// The C library's own environment and heap. .NET keeps a copy of the environment, and OpenMP and OpenBLAS read the C
/// library's when they load.
/// </summary>
internal static partial class LibC
{
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SetEnvironmentVariable(string name, string value, int overwrite);

    /// <summary>Sets a parameter of malloc (malloc.h); 0 if it could not.</summary>
    [LibraryImport("libc", EntryPoint = "mallopt")]
    internal static partial int SetHeapParameter(int parameter, int value);

    [LibraryImport("libc", EntryPoint = "gnu_get_libc_version")]
    internal static partial IntPtr Version();
}
