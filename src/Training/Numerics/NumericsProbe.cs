using System.Runtime.InteropServices;
using Atelier.Core.Runs;
using Atelier.Training.Interop;
using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Training.Numerics;

/// <summary>Finds out what decides the bits of a computation here.</summary>
public static class NumericsProbe
{
    /// <summary>The fingerprint of this process.</summary>
    /// <param name="threads">OpenMP threads of one computation, as the spec says.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="InvalidOperationException">libtorch loaded with another number of threads.</exception>
    public static NumericsFingerprint Measure(int threads, Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (NumericsInfo.Threads != threads)
            throw new InvalidOperationException($"libtorch computes with {NumericsInfo.Threads} threads, not with the spec's {threads}; it was loaded before the numerics were set");
        return new NumericsFingerprint
        {
            Libtorch = NumericsInfo.LibtorchVersion,
            OneDnn = NumericsInfo.OneDnnVersion,
            Blas = NumericsInfo.Blas,
            Libc = $"glibc {Marshal.PtrToStringUTF8(LibC.Version())}",
            Device = device.type == TorchSharp.DeviceType.CPU ? NumericsInfo.InstructionSet : device.ToString(),
            Threads = threads,
            Tf32 = false,
        };
    }
}
