using System.Runtime.InteropServices;

namespace Atelier.Training.Interop;

/// <summary>
/// The C library's own environment and heap. .NET keeps a copy of the environment, and libtorch and its libraries read the C
/// library's when they load.
/// </summary>
internal static partial class LibC
{
    /// <summary>Sets a variable for .NET and for native libraries.</summary>
    internal static void SetEnvironment(string name, string value)
    {
        Environment.SetEnvironmentVariable(name, value);
        if (OperatingSystem.IsLinux() && SetEnvironmentVariable(name, value, overwrite: 1) != 0)
            throw new InvalidOperationException($"the environment variable {name} could not be set");
    }

    /// <summary>Sets a parameter of malloc (malloc.h); 0 if it could not.</summary>
    [LibraryImport("libc", EntryPoint = "mallopt")]
    internal static partial int SetHeapParameter(int parameter, int value);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironmentVariable(string name, string value, int overwrite);
}
