using Atelier.Core.Schedules;
using Atelier.Kernels;
using Atelier.Kernels.Cuda;
using Atelier.Training.Interop;
using static Atelier.Training.Interop.TensorArithmetic;
using static TorchSharp.torch;

namespace Atelier.Training.Ops;

/// <summary>The optimiser over flat buffers, one pass each; bits do not depend on threads.</summary>
public static unsafe class FlatOptimizer
{
    /// <summary>
    /// One step of Adam (Kingma and Ba 2015, as torch.optim.Adam computes it), in place. The gradient is first multiplied by
    /// <paramref name="gradientScale"/>, then NaN becomes 0 and ±∞ becomes ±1e5, as published; both are counted.
    /// </summary>
    /// <param name="parameters">[n], contiguous, float32 or float64; changed.</param>
    /// <param name="gradient">[n]; not changed.</param>
    /// <param name="firstMoment">[n]; changed.</param>
    /// <param name="secondMoment">[n]; changed.</param>
    /// <param name="adam">Learning rate and decays.</param>
    /// <param name="step">1 for the first.</param>
    /// <param name="gradientScale">1/shards, for a gradient that is their sum.</param>
    /// <returns>[2] float64 on the parameters' device: how many were NaN, how many infinite.</returns>
    /// <exception cref="OpException">Buffers differ in size or precision.</exception>
    public static Tensor AdamStep(
        Tensor parameters, Tensor gradient, Tensor firstMoment, Tensor secondMoment, AdamHyper adam, long step, double gradientScale)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(adam);
        foreach (var other in (ReadOnlySpan<Tensor>)[gradient, firstMoment, secondMoment])
            Check(parameters, other);
        OpException.Unless(step >= 1, $"adam: steps are numbered from 1, not {step}");
        if (OpKernels.Fit(parameters))
        {
            AdamUpdate.Step(
                parameters.numel(), OpKernels.Floats(parameters), OpKernels.Floats(gradient), OpKernels.Floats(firstMoment), OpKernels.Floats(secondMoment),
                adam.LearningRate, adam.Beta1, adam.Beta2, adam.Epsilon, step, gradientScale, out long nans, out long infinities);
            return tensor(new double[] { nans, infinities });
        }
        using var data = no_grad();
        using var scope = NewDisposeScope();
        if (parameters.dtype == ScalarType.Float32 && OpKernels.Gpu(parameters) is { } gpu)
        {
            var counts = zeros([2], ScalarType.Int64, parameters.device);
            var buffers = new AdamArguments
            {
                Parameters = OpKernels.Floats(parameters),
                Gradient = OpKernels.Floats(gradient),
                First = OpKernels.Floats(firstMoment),
                Second = OpKernels.Floats(secondMoment),
                Found = (ulong*)OpKernels.Address(counts),
                Count = (ulong)parameters.numel(),
            };
            GpuOptimizer.Adam(gpu, buffers, adam.LearningRate, adam.Beta1, adam.Beta2, adam.Epsilon, step, gradientScale);
            return counts.to(ScalarType.Float64).MoveToOuterDisposeScope();
        }
        var scaled = gradient.Times(gradientScale);
        var found = stack([scaled.isnan().sum(), scaled.isinf().sum()]).to(ScalarType.Float64);
        var g = scaled.nan_to_num(0.0, 1e5, -1e5);
        firstMoment.mul_(Number(adam.Beta1)).Accumulate(g, 1 - adam.Beta1);
        secondMoment.mul_(Number(adam.Beta2)).addcmul_(g, g, Number(1 - adam.Beta2));
        double correction1 = 1 - Math.Pow(adam.Beta1, step), correction2 = 1 - Math.Pow(adam.Beta2, step);
        var denominator = secondMoment.SquareRoot().DividedBy(Math.Sqrt(correction2)).Plus(adam.Epsilon);
        parameters.addcdiv_(firstMoment, denominator, Number(-adam.LearningRate / correction1));
        return found.MoveToOuterDisposeScope();
    }

    /// <summary>ema ← parameters + beta·(ema − parameters), computed as torch.lerp does, in place.</summary>
    /// <param name="ema">[n], contiguous, float32 or float64; changed.</param>
    /// <param name="parameters">[n]</param>
    /// <param name="beta">The share that stays.</param>
    /// <exception cref="OpException">Buffers differ in size or precision.</exception>
    public static void Ema(Tensor ema, Tensor parameters, double beta)
    {
        ArgumentNullException.ThrowIfNull(ema);
        ArgumentNullException.ThrowIfNull(parameters);
        Check(parameters, ema);
        if (OpKernels.Fit(parameters))
        {
            ExponentialMovingAverage.Update(parameters.numel(), OpKernels.Floats(ema), OpKernels.Floats(parameters), beta);
            return;
        }
        if (parameters.dtype == ScalarType.Float32 && OpKernels.Gpu(parameters) is { } gpu)
        {
            GpuOptimizer.Average(gpu, parameters.numel(), OpKernels.Floats(ema), OpKernels.Floats(parameters), beta);
            return;
        }
        using var data = no_grad();
        using var scope = NewDisposeScope();
        ema.copy_(lerp(parameters, ema, tensor(beta).to(ema.dtype).to(ema.device)));
    }

    private static void Check(Tensor parameters, Tensor other) => OpException.Unless(
        parameters.dim() == 1 && parameters.is_contiguous() && other.dim() == 1 && other.is_contiguous() && other.shape[0] == parameters.shape[0] && other.dtype == parameters.dtype,
        $"optimiser: flat buffers must have the same length, not {parameters} and {other}");
}
