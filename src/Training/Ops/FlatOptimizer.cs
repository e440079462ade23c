using Atelier.Training.Interop;

namespace Atelier.Training.Ops;

/// <summary>The optimiser over flat buffers, one pass each; bits do not depend on threads. Native: <c>native/ops/flat_optimizer</c>.</summary>
public static class FlatOptimizer
{
    /// <summary>
    /// One step of Adam (Kingma and Ba 2015, as torch.optim.Adam computes it), in place. The gradient is first multiplied by
    /// <paramref name="gradientScale"/>, then NaN becomes 0 and ±∞ becomes ±1e5, as published; both are counted.
    /// </summary>
    /// <param name="parameters">[n], contiguous, float32 or float64; changed.</param>
    /// <param name="gradient">[n]; not changed.</param>
    /// <param name="firstMoment">[n]; changed.</param>
    /// <param name="secondMoment">[n]; changed.</param>
    /// <param name="lr">Learning rate.</param>
    /// <param name="beta1">Decay of the first moment.</param>
    /// <param name="beta2">Decay of the second moment.</param>
    /// <param name="eps">Added to the root of the second moment.</param>
    /// <param name="step">1 for the first.</param>
    /// <param name="gradientScale">1/shards, for a gradient that is their sum.</param>
    /// <exception cref="NativeOpException">Buffers differ in size or dtype.</exception>
    public static (long NaNs, long Infinities) AdamStep(
        Tensor parameters, Tensor gradient, Tensor firstMoment, Tensor secondMoment,
        double lr, double beta1, double beta2, double eps, long step, double gradientScale)
    {
        int status = OpsLibrary.AdamStep(
            parameters.Handle, gradient.Handle, firstMoment.Handle, secondMoment.Handle,
            lr, beta1, beta2, eps, step, gradientScale, out var nans, out var infinities);
        NativeOp.Check("adam_step", status, parameters, gradient, firstMoment, secondMoment);
        return (nans, infinities);
    }

    /// <summary>ema ← parameters + beta·(ema − parameters), computed as torch.lerp does, in place.</summary>
    /// <param name="ema">[n], contiguous, float32 or float64; changed.</param>
    /// <param name="parameters">[n]</param>
    /// <param name="beta">The share that stays.</param>
    /// <exception cref="NativeOpException">Buffers differ in size or dtype.</exception>
    public static void Ema(Tensor ema, Tensor parameters, double beta)
    {
        int status = OpsLibrary.Ema(ema.Handle, parameters.Handle, beta);
        NativeOp.Check("ema", status, ema, parameters);
    }
}
