using System.Runtime.InteropServices;

namespace Atelier.Training.Interop;

/// <summary>
/// The C library's own environment. .NET keeps a copy of the environment, and OpenMP and OpenBLAS read the C library's
/// when they load.
/// </summary>
internal static partial class LibC
{
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SetEnvironmentVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "gnu_get_libc_version")]
    internal static partial IntPtr Version();
}
