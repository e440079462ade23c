using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Imports of <c>native/torch/runtime.cpp</c>.</summary>
internal static partial class Native
{
    [LibraryImport(Library)]
    internal static partial int atorch_get_num_threads(out int result);

    [LibraryImport(Library)]
    internal static partial int atorch_set_num_threads(int threads);

    [LibraryImport(Library)]
    internal static partial int atorch_cuda_is_available(out Flag result);

    [LibraryImport(Library)]
    internal static partial int atorch_cuda_is_cudnn_available(out Flag result);

    [LibraryImport(Library)]
    internal static partial int atorch_cuda_device_count(out int result);

    [LibraryImport(Library)]
    internal static partial int atorch_cuda_synchronize(int index);
}
