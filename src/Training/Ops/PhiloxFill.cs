using Atelier.Kernels;
using Atelier.Kernels.Cuda;
using static TorchSharp.torch;

namespace Atelier.Training.Ops;

/// <summary>
/// Fills tensors with draws that are a function of (key, counter, element): the same numbers as <c>Atelier.Core.Randomness</c>
/// computes one by one. In the host's memory, and in a GPU's where its kernels run.
/// </summary>
public static unsafe class PhiloxFill
{
    /// <summary>Standard normal numbers.</summary>
    /// <param name="destination">Contiguous, float32 or float64; overwritten.</param>
    /// <param name="key">Philox's key.</param>
    /// <param name="counterHigh">Upper half of Philox's counter.</param>
    /// <param name="firstElement">Place of the destination's first number within the draw.</param>
    /// <exception cref="OpException">The destination is not contiguous, not floating, or not in the host's memory.</exception>
    public static void Normal(Tensor destination, ulong key, ulong counterHigh, ulong firstElement = 0)
    {
        ArgumentNullException.ThrowIfNull(destination);
        if (ByGpu(destination, normal: true, key, counterHigh, firstElement))
            return;
        if (IsDouble(destination))
            Kernels.PhiloxFill.Normal(destination.numel(), OpKernels.Doubles(destination), key, counterHigh, firstElement);
        else
            Kernels.PhiloxFill.Normal(destination.numel(), OpKernels.Floats(destination), key, counterHigh, firstElement);
    }

    /// <summary>Numbers uniform in [0, 1) (rounding to float32 may give 1).</summary>
    /// <inheritdoc cref="Normal"/>
    public static void Uniform(Tensor destination, ulong key, ulong counterHigh, ulong firstElement = 0)
    {
        ArgumentNullException.ThrowIfNull(destination);
        if (ByGpu(destination, normal: false, key, counterHigh, firstElement))
            return;
        if (IsDouble(destination))
            Kernels.PhiloxFill.Uniform(destination.numel(), OpKernels.Doubles(destination), key, counterHigh, firstElement);
        else
            Kernels.PhiloxFill.Uniform(destination.numel(), OpKernels.Floats(destination), key, counterHigh, firstElement);
    }

    /// <summary>Whether numbers of a precision can be drawn where a device's tensors are.</summary>
    internal static bool CanFill(ScalarType precision, Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.type == TorchSharp.DeviceType.CPU || (precision == ScalarType.Float32 && OpKernels.HasGpu(device));
    }

    private static bool ByGpu(Tensor destination, bool normal, ulong key, ulong counterHigh, ulong firstElement)
    {
        if (destination.dtype != ScalarType.Float32 || OpKernels.Gpu(destination) is not { } gpu)
            return false;
        GpuDraws.Fill(gpu, new PhiloxArguments
        {
            To = OpKernels.Floats(destination),
            Count = (ulong)destination.numel(),
            Key = key,
            CounterHigh = counterHigh,
            First = firstElement,
            Normal = normal ? 1u : 0,
        });
        return true;
    }

    private static bool IsDouble(Tensor destination)
    {
        OpException.Unless(destination.device_type == TorchSharp.DeviceType.CPU, $"random numbers are drawn in host memory, not on {destination.device_type}");
        return destination.dtype == ScalarType.Float64;
    }
}
