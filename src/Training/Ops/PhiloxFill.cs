using Atelier.Training.Interop;

namespace Atelier.Training.Ops;

/// <summary>
/// Fills tensors with draws that are a function of (key, counter, element): the same numbers as
/// <c>Atelier.Core.Randomness</c> computes one by one. Native: <c>native/ops/philox_fill</c>.
/// </summary>
public static class PhiloxFill
{
    /// <summary>Standard normal numbers.</summary>
    /// <param name="destination">Contiguous, float32 or float64; overwritten.</param>
    /// <param name="key">Philox's key.</param>
    /// <param name="counterHigh">Upper half of Philox's counter.</param>
    /// <param name="firstElement">Place of the destination's first number within the draw.</param>
    /// <exception cref="NativeOpException">The destination is not contiguous or not floating.</exception>
    public static void Normal(Tensor destination, ulong key, ulong counterHigh, ulong firstElement = 0) =>
        Fill(destination, true, key, counterHigh, firstElement);

    /// <summary>Numbers uniform in [0, 1) (rounding to float32 may give 1).</summary>
    /// <inheritdoc cref="Normal"/>
    public static void Uniform(Tensor destination, ulong key, ulong counterHigh, ulong firstElement = 0) =>
        Fill(destination, false, key, counterHigh, firstElement);

    private static void Fill(Tensor destination, bool normal, ulong key, ulong counterHigh, ulong firstElement)
    {
        int status = OpsLibrary.PhiloxFill(destination.Handle, normal ? 1 : 0, key, counterHigh, firstElement);
        NativeOp.Check("philox_fill", status, destination);
    }
}
