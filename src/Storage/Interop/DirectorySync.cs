using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Atelier.Storage.Interop;

/// <summary>
/// Makes the entries of a directory durable: after a power cut, a renamed file is there only if its directory was synced.
/// The class library refuses to open directories, hence the import.
/// </summary>
internal static partial class DirectorySync
{
    /// <summary>O_RDONLY | O_CLOEXEC, the same on every Linux architecture.</summary>
    private const int ReadOnlyCloseOnExec = 0x80000;

    public static void Sync(string directory)
    {
        using var handle = Open(directory, ReadOnlyCloseOnExec);
        if (handle.IsInvalid)
            throw new IOException($"cannot sync {directory}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        RandomAccess.FlushToDisk(handle);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);
}
