using System.Collections.Concurrent;
using Atelier.Kernels.Cuda;

namespace Atelier.Training.Interop;

/// <summary>
/// Atelier's kernels on the GPUs that this process has opened. They run in the context and the stream that libtorch has, so that
/// they are ordered with its own without a wait. Where they cannot be had, the reason is kept, and ops do without.
/// </summary>
internal static class GpuRuntime
{
    private static readonly ConcurrentDictionary<int, (GpuKernels? Kernels, string? Failure)> Opened = [];

    /// <summary>Compiles and loads the kernels for a GPU, once.</summary>
    /// <param name="index">Which of the GPUs that this process may use; libtorch has opened it.</param>
    public static void Open(int index) => Opened.GetOrAdd(index, static index => Load(index));

    /// <summary>The kernels of an opened GPU; null where there are none.</summary>
    public static GpuKernels? Kernels(int index) => Opened.TryGetValue(index, out var opened) ? opened.Kernels : null;

    /// <summary>Why an opened GPU has no kernels; null where it has.</summary>
    public static string? Failure(int index) => Opened.TryGetValue(index, out var opened) ? opened.Failure : null;

    private static (GpuKernels? Kernels, string? Failure) Load(int index)
    {
        try
        {
            var driver = CudaLibraries.OpenDriver() ?? throw new CudaException($"{CudaLibraries.Driver} is missing");
            var compiler = CudaLibraries.OpenCompiler(out _) ?? throw new CudaException("NVRTC is missing (libnvrtc comes with libtorch for CUDA)");
            var cache = new KernelCache(Path.Combine(TorchLibrary.CacheFolder, "kernels"));
            var stream = CudaLibraries.CurrentStream(index) ?? throw new CudaException($"libtorch has no function {CudaLibraries.StreamFunction}");
            return (GpuKernels.Load(driver, compiler, cache, index, stream), null);
        }
        catch (Exception e) when (e is CudaException or EntryPointNotFoundException or BadImageFormatException)
        {
            return (null, e.Message);
        }
    }
}
