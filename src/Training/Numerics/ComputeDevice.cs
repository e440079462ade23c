using System.Globalization;
using System.Runtime.InteropServices;
using Atelier.Core;
using Atelier.Training.Interop;
using TorchSharp;

namespace Atelier.Training.Numerics;

/// <summary>
/// Where a process computes: the processor, or one GPU. It belongs to the process, not to a run's spec. What a GPU needs is
/// looked for without loading libtorch, so that it can be asked for before anything else happens.
/// </summary>
public sealed record ComputeDevice
{
    private ComputeDevice(DeviceType type, int? index) => (Type, Index) = (type, index);

    /// <summary>The processor.</summary>
    public static ComputeDevice Cpu { get; } = new(DeviceType.CPU, null);

    /// <summary>CPU or CUDA.</summary>
    public DeviceType Type { get; }

    /// <summary>Which GPU, from 0; null where none was named.</summary>
    public int? Index { get; }

    /// <summary>Reads <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    /// <exception cref="UserErrorException">It is something else.</exception>
    public static ComputeDevice Parse(string text) => text switch
    {
        "cpu" => Cpu,
        "cuda" => new(DeviceType.CUDA, null),
        _ when text is ['c', 'u', 'd', 'a', ':', .. var number] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int index) => new(DeviceType.CUDA, index),
        _ => throw new UserErrorException($"--device {text}: must be cpu, cuda or cuda:N"),
    };

    /// <summary>The device of one of several processes of this machine: a GPU each, unless one was named.</summary>
    /// <param name="rank">The process, from 0.</param>
    public ComputeDevice ForRank(int rank) => Type == DeviceType.CUDA && Index is null ? new(Type, rank) : this;

    /// <summary>Checks that driver, GPU and build are there.</summary>
    /// <exception cref="UserErrorException">One is missing; the message names all that is, and how to get it.</exception>
    public void Require()
    {
        if (Type != DeviceType.CUDA)
            return;
        List<string> missing = [];
        if (MissingGpu() is { } gpu)
            missing.Add(gpu);
        if (!TorchLibrary.HasCuda)
            missing.Add("this build has libtorch for CPUs only: build with CUDA (ATELIER_DEVICE=cuda ./atelier, or dotnet build src/Cli -p:AtelierDevice=cuda), or name a folder with libtorch for CUDA in ATELIER_LIBTORCH");
        if (missing.Count > 0)
            throw new UserErrorException($"--device {this} cannot be used: {string.Join("; and ", missing)}. `atelier doctor` shows what is available");
    }

    /// <summary>The device in libtorch's terms; a GPU can be used once it was opened.</summary>
    public torch.Device ToTorch() => Type == DeviceType.CPU ? torch.CPU : new torch.Device(Type, Index ?? 0);

    /// <summary>Makes the device ready for use. The numerics must have been fixed before.</summary>
    /// <exception cref="UserErrorException">It is not there; see <see cref="Require"/>.</exception>
    public torch.Device Open()
    {
        if (Type != DeviceType.CUDA)
            return ToTorch();
        Require();
        // cuBLAS sums in one order with this, and wants to know before its first product.
        LibC.SetEnvironment("CUBLAS_WORKSPACE_CONFIG", ":4096:8");
        try
        {
            var device = torch.InitializeDevice(ToTorch());
            torch.backends.cuda.matmul.allow_tf32 = false;
            torch.backends.cudnn.allow_tf32 = false;
            GpuRuntime.Open(Index ?? 0);
            return device;
        }
        catch (Exception e) when (e is InvalidOperationException or NotSupportedException or ExternalException)
        {
            throw new UserErrorException($"--device {this}: libtorch cannot use it ({e.Message}). The driver may be too old for this version of CUDA; `atelier doctor` shows what is available", e);
        }
    }

    /// <summary>The GPU's memory, of all processes that use it; null for the processor, and where the driver does not tell. The GPU must have been opened.</summary>
    public DeviceMemory? ReadMemory() =>
        Type == DeviceType.CUDA && NativeLibrary.TryLoad(CudaLibraries.Driver, out nint driver) ? CudaDriver.ReadMemory(name => NativeLibrary.GetExport(driver, name), Index ?? 0) : null;

    /// <inheritdoc/>
    public override string ToString() => Type == DeviceType.CPU ? "cpu" : Index is { } index ? $"cuda:{index}" : "cuda";

    /// <summary>What the driver lacks; null for nothing.</summary>
    private string? MissingGpu()
    {
        if (!NativeLibrary.TryLoad(CudaLibraries.Driver, out nint driver))
            return $"no NVIDIA driver found ({CudaLibraries.Driver} is missing): install an NVIDIA GPU and its driver; in a container, pass the GPU through (docker run --gpus all)";
        int error = CudaDriver.CountGpus(name => NativeLibrary.GetExport(driver, name), out int count);
        if (error != 0 || count == 0)
            return $"the NVIDIA driver reports no GPU (error {error}; run nvidia-smi for details)";
        return Index >= count ? $"there {(count == 1 ? "is 1 GPU" : $"are {count} GPUs")}, counted from cuda:0" : null;
    }
}
