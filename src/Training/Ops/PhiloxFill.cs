using Atelier.Kernels;
using static TorchSharp.torch;

namespace Atelier.Training.Ops;

/// <summary>
/// Fills tensors in the host's memory with draws that are a function of (key, counter, element): the same numbers as
/// <c>Atelier.Core.Randomness</c> computes one by one.
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
        if (IsDouble(destination))
            Kernels.PhiloxFill.Uniform(destination.numel(), OpKernels.Doubles(destination), key, counterHigh, firstElement);
        else
            Kernels.PhiloxFill.Uniform(destination.numel(), OpKernels.Floats(destination), key, counterHigh, firstElement);
    }

    private static bool IsDouble(Tensor destination)
    {
        OpException.Unless(destination.device_type == TorchSharp.DeviceType.CPU, $"random numbers are drawn in host memory, not on {destination.device_type}");
        return destination.dtype == ScalarType.Float64;
    }
}
