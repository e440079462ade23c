using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>The raw imports, one part per translation unit of <c>native/torch</c>, and what reads their status.</summary>
internal static partial class Native
{
    internal const string Library = "atelier_torch";

    [LibraryImport(Library)]
    private static partial nint atorch_last_error();

    [LibraryImport(Library)]
    private static partial nint atorch_version();

    /// <summary>The libtorch version that the native library was compiled against.</summary>
    internal static string LibraryVersion => Marshal.PtrToStringUTF8(atorch_version())!;

    /// <summary>Turns a failing status into the exception that TorchSharp throws for native failures.</summary>
    /// <exception cref="ExternalException">Names the op, its tensors' shapes and dtypes, and libtorch's reason.</exception>
    internal static void Check(int status)
    {
        if (status != 0) Throw();
    }

    // Apart from Check, so that Check stays small enough to inline into every operator.
#pragma warning disable CA2201 // TorchSharp's own exception type for native failures; consumers catch it by that name.
    private static void Throw() => throw new ExternalException(Marshal.PtrToStringUTF8(atorch_last_error()));
#pragma warning restore CA2201
}
