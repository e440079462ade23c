using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>The version of libtorch.</summary>
    public static string __version__ => LibraryVersion;

    /// <summary>Threads that one operator may use.</summary>
    public static int get_num_threads() => Get(atorch_get_num_threads(out var count), count);

    /// <summary>Sets how many threads one operator may use; the count takes part in the bits of results.</summary>
    public static void set_num_threads(int num) => Check(atorch_set_num_threads(num));

    /// <inheritdoc cref="cuda.is_available"/>
    public static bool cuda_is_available() => cuda.is_available();

    /// <summary>NVIDIA GPUs.</summary>
    public static class cuda
    {
        /// <summary>Whether libtorch sees a GPU that it can use.</summary>
        public static bool is_available() => Get(atorch_cuda_is_available(out var result), result);

        /// <summary>Whether libtorch was built with cuDNN and can use it.</summary>
        public static bool is_cudnn_available() => Get(atorch_cuda_is_cudnn_available(out var result), result);

        /// <summary>The number of GPUs.</summary>
        public static int device_count() => Get(atorch_cuda_device_count(out var count), count);

        /// <summary>Waits until a GPU, the first unless given, has done everything it was asked.</summary>
        public static void synchronize(Device? device = null) => Check(atorch_cuda_synchronize(device?.index ?? 0));
    }
}
