using Atelier.Core.Runs;
using Atelier.Training.Interop;
using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Training.Numerics;

/// <summary>Finds out what decides the bits of a computation here.</summary>
public static class NumericsProbe
{
    /// <summary>The fingerprint of this process.</summary>
    /// <param name="device">Where to compute.</param>
    public static NumericsFingerprint Measure(ComputeDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        // Kernels and plain ops have other bits: which of them a GPU runs is known when its kernels have been compiled.
        if (device.Type == TorchSharp.DeviceType.CUDA)
            GpuRuntime.Open(device.Index ?? 0);
        return new NumericsFingerprint { Libtorch = TorchLibrary.Version, Device = DeviceKind(device), Threads = get_num_threads(), Tf32 = false };
    }

    /// <summary>
    /// "cpu" or "cuda". libtorch without AVX2 sums in another order, and so do plain ops and kernels: each is a kind of its own.
    /// </summary>
    private static string DeviceKind(ComputeDevice device)
    {
        var kind = device.Type.ToString().ToLowerInvariant();
        bool isCpu = device.Type == TorchSharp.DeviceType.CPU, plain = isCpu ? OpKernels.Plain : !OpKernels.HasGpu(device.ToTorch());
        return kind + (isCpu && !TorchLibrary.ProcessorHasAvx2 ? " without AVX2" : "") + (plain ? " with plain ops" : "");
    }
}
