using System.Runtime.InteropServices;
using Atelier.Kernels.Cuda;
using Atelier.Training.Interop;

namespace Atelier.Training.Numerics;

/// <summary>Something that computing on a GPU needs.</summary>
/// <param name="Name">What.</param>
/// <param name="Found">Whether it is there and fits.</param>
/// <param name="Text">Its version and place; or what is wrong, and what to do.</param>
public sealed record GpuRequirement(string Name, bool Found, string Text);

/// <summary>Looks for everything that computing on NVIDIA GPUs needs, each by itself, without libtorch.</summary>
public static unsafe class GpuSurvey
{
    /// <summary>The requirements of a device, in the order in which they depend on each other.</summary>
    /// <param name="device">A GPU; one that is not numbered is the first.</param>
    public static IReadOnlyList<GpuRequirement> Of(ComputeDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var driver = Look("driver", FindDriver, out var loaded);
        var gpu = Look("GPU", () => FindGpu(loaded, device.Index ?? 0), out var description);
        var torch = Look("libtorch", FindTorch, out _);
        var compiler = Look("NVRTC", () => FindCompiler(description?.Capability), out _);
        var nccl = Look("NCCL", FindNccl, out _);
        return [driver, gpu, torch, compiler, nccl];
    }

    private static (NvidiaDriver?, string) FindDriver() => CudaLibraries.OpenDriver() is { } driver
        ? (driver, $"for CUDA {driver.Version}")
        : (null, $"{CudaLibraries.Driver} is missing: install NVIDIA's driver; in a container, pass the GPU through (docker run --gpus all)");

    private static (GpuDescription?, string) FindGpu(NvidiaDriver? driver, int index)
    {
        if (driver is null)
            return (null, "not known without the driver");
        var gpu = driver.Describe(index);
        return (gpu, $"{gpu.Name}, compute capability {gpu.Capability}");
    }

    private static (string?, string) FindTorch()
    {
        var place = TorchLibrary.OtherFolder is { } folder ? $" (from ATELIER_LIBTORCH={folder})" : "";
        return TorchLibrary.Find(CudaLibraries.TorchCuda) is { } file
            ? (file, $"for CUDA, {file}{place}")
            : (null, $"for CPUs only{place}: build with -p:AtelierDevice=cuda, or name a folder with libtorch for CUDA in ATELIER_LIBTORCH (docs/gpu.md)");
    }

    private static (string?, string) FindCompiler(Version? capability)
    {
        if (CudaLibraries.OpenCompiler(out var path) is not { } compiler)
            return (null, "libnvrtc is missing: it comes with libtorch for CUDA (pip: nvidia-cuda-nvrtc); without it every op is built from libtorch functions, which is slower");
        return capability is not null && compiler.Capabilities.All(known => known > capability)
            ? (null, $"{compiler.Version}, {path}, makes no code for compute capability {capability}: use libtorch for an older CUDA")
            : (path, $"{compiler.Version}, {path}");
    }

    private static (string?, string) FindNccl()
    {
        if (CudaLibraries.OpenNccl(out var path) is not { } library)
            return (null, "libnccl is missing: it comes with libtorch for CUDA (pip: nvidia-nccl); without it workers sum gradients through host memory");
        int version;
        int error = ((delegate* unmanaged<int*, int>)NativeLibrary.GetExport(library, "ncclGetVersion"))(&version);
        return error == 0 ? (path, $"{version / 10000}.{version / 100 % 100}.{version % 100}, {path}") : (null, $"{path} does not work (error {error})");
    }

    private static GpuRequirement Look<T>(string name, Func<(T? Found, string Text)> find, out T? found)
        where T : class
    {
        found = null;
        try
        {
            (found, string text) = find();
            return new GpuRequirement(name, found is not null, text);
        }
        catch (Exception e) when (e is CudaException or EntryPointNotFoundException or BadImageFormatException)
        {
            return new GpuRequirement(name, false, e.Message);
        }
    }
}
