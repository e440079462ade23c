using System.Runtime.InteropServices;
using Atelier.Kernels.Cuda;

namespace Atelier.Training.Interop;

/// <summary>NVIDIA's libraries: the driver's, and those that come with libtorch for CUDA or stand beside a PyTorch installation.</summary>
public static class CudaLibraries
{
    /// <summary>The driver's library.</summary>
    public static readonly string Driver = OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    /// <summary>The part of libtorch that a build for processors does not have.</summary>
    public static readonly string TorchCuda = OperatingSystem.IsWindows() ? "torch_cuda.dll" : "libtorch_cuda.so";

    /// <summary>libtorch's function that tells the stream.</summary>
    internal const string StreamFunction = "aoti_torch_get_current_cuda_stream";

    /// <summary>The driver; null where it is not installed.</summary>
    /// <exception cref="CudaException">It does not work.</exception>
    internal static NvidiaDriver? OpenDriver() =>
        NativeLibrary.TryLoad(Driver, out nint driver) ? new NvidiaDriver(name => NativeLibrary.GetExport(driver, name)) : null;

    /// <summary>The compiler of kernels; null where there is none.</summary>
    /// <param name="path">The file, or the name by which the system has it.</param>
    /// <exception cref="CudaException">It does not work.</exception>
    internal static NvrtcCompiler? OpenCompiler(out string? path)
    {
        foreach (var candidate in Files(TorchLibrary.NativeFolders, "libnvrtc").Concat(["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"]))
        {
            if (!NativeLibrary.TryLoad(candidate, out nint library))
                continue;
            path = candidate;
            return new NvrtcCompiler(name => NativeLibrary.GetExport(library, name));
        }
        path = null;
        return null;
    }

    /// <summary>The stream of a GPU that libtorch queues this thread's work in, told by the C interface that it keeps stable for compiled models.</summary>
    /// <param name="index">Which of the GPUs that this process may use.</param>
    /// <returns>Asks for the stream, a CUstream; null where libtorch has no such function.</returns>
    public static unsafe Func<nint>? CurrentStream(int index)
    {
        if (TorchLibrary.Find(TorchCuda) is not { } path || !NativeLibrary.TryLoad(path, out nint library) || !NativeLibrary.TryGetExport(library, StreamFunction, out nint function))
            return null;
        return () =>
        {
            nint stream = 0;
            return ((delegate* unmanaged<int, nint*, int>)function)(index, &stream) == 0 ? stream : throw new InvalidOperationException($"libtorch's {StreamFunction} failed");
        };
    }

    /// <summary>NCCL; null where there is none.</summary>
    /// <param name="path">The file, or the name by which the system has it.</param>
    public static nint? OpenNccl(out string? path)
    {
        foreach (var candidate in Files(TorchLibrary.NativeFolders, "libnccl").Append("libnccl.so.2"))
        {
            if (NativeLibrary.TryLoad(path = candidate, out nint library))
                return library;
        }
        path = null;
        return null;
    }

    /// <summary>
    /// Where a library may be: packages rename it (libnvrtc-1a2b3c4d.so.12), and PyTorch's wheels keep NVIDIA's in packages of their
    /// own, site-packages/nvidia/…/lib beside site-packages/torch/lib. The newest name first.
    /// </summary>
    /// <param name="folders">Where libtorch is.</param>
    /// <param name="library">How its files' names begin.</param>
    internal static IEnumerable<string> Files(IEnumerable<string> folders, string library)
    {
        static IEnumerable<string> WithNeighbours(string folder)
        {
            yield return folder;
            var packages = Path.GetFullPath(Path.Combine(folder, "..", "..", "nvidia"));
            if (!Directory.Exists(packages))
                yield break;
            foreach (var package in Directory.GetDirectories(packages).OrderDescending(StringComparer.Ordinal))
                yield return Path.Combine(package, "lib");
        }
        return folders.SelectMany(WithNeighbours).Where(Directory.Exists)
            .SelectMany(folder => Directory.GetFiles(folder, $"{library}*.so*").OrderDescending(StringComparer.Ordinal))
            // libnvrtc-builtins is loaded by the compiler itself; .alt is a variant of it.
            .Where(file => !file.Contains("builtins", StringComparison.Ordinal) && !file.Contains(".alt.", StringComparison.Ordinal));
    }
}
