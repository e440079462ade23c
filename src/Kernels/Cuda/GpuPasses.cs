namespace Atelier.Kernels.Cuda;

/// <summary>Launches of demodulation.cuh: as <see cref="Demodulation"/>, in the GPU's memory.</summary>
public static unsafe class GpuDemodulation
{
    /// <summary>sums[p] = factor·Σ a[p, t]·b[p, t] over the taps.</summary>
    public static void SumOverTaps(GpuKernels kernels, float* a, float* b, int pairs, int taps, float factor, float* sums) =>
        Launch(kernels, "demodulation_sum_over_taps", new DemodulationArguments { A = a, B = b, To = sums, Count = (uint)pairs, Taps = (uint)taps, Factor = factor });

    /// <summary>result[p, t] = 2·w[p, t]·g[p], added to what is there if <paramref name="add"/>.</summary>
    public static void SpreadOverTaps(GpuKernels kernels, float* w, float* g, int pairs, int taps, float* result, bool add) =>
        Launch(kernels, "demodulation_spread_over_taps", new DemodulationArguments { A = w, B = g, To = result, Count = (uint)(pairs * taps), Taps = (uint)taps, Add = add ? 1u : 0 });

    /// <summary>d ← 1/√(d + ε).</summary>
    public static void Finish(GpuKernels kernels, float* d, int count) =>
        Launch(kernels, "demodulation_finish", new DemodulationArguments { A = d, To = d, Count = (uint)count });

    /// <summary>result = −½·d³·g.</summary>
    public static void Gradient(GpuKernels kernels, float* d, float* g, int count, float* result) =>
        Launch(kernels, "demodulation_gradient", new DemodulationArguments { A = d, B = g, To = result, Count = (uint)count });

    /// <summary>result = ¾·d⁵·g·t.</summary>
    public static void SecondGradient(GpuKernels kernels, float* d, float* g, float* t, int count, float* result) =>
        Launch(kernels, "demodulation_second_gradient", new DemodulationArguments { A = d, B = g, C = t, To = result, Count = (uint)count });

    /// <summary>result = factor·a·b, added to what is there if <paramref name="add"/>.</summary>
    public static void Multiply(GpuKernels kernels, float* a, float* b, float factor, int count, float* result, bool add) =>
        Launch(kernels, "demodulation_multiply", new DemodulationArguments { A = a, B = b, To = result, Count = (uint)count, Factor = factor, Add = add ? 1u : 0 });

    private static void Launch(GpuKernels kernels, string name, DemodulationArguments arguments)
    {
        ArgumentNullException.ThrowIfNull(kernels);
        kernels.Launch(name, LaunchShape.Over(arguments.Count), ref arguments);
    }
}

/// <summary>Launches of optimizer.cuh: as <see cref="AdamUpdate"/> and <see cref="ExponentialMovingAverage"/>, in the GPU's memory.</summary>
public static unsafe class GpuOptimizer
{
    // A thread walks over the buffer: a GPU has no more threads than this at once.
    private const ulong MostThreads = 1 << 19;

    /// <summary>One step of Adam.</summary>
    /// <param name="kernels">Of the GPU.</param>
    /// <param name="arguments">The buffers; Found starts at 0.</param>
    /// <param name="learningRate">At least 0.</param>
    /// <param name="beta1">Decay of the first moment.</param>
    /// <param name="beta2">Decay of the second moment.</param>
    /// <param name="epsilon">Added to the root.</param>
    /// <param name="step">1 for the first.</param>
    /// <param name="gradientScale">Factor of the gradient.</param>
    public static void Adam(GpuKernels kernels, AdamArguments arguments, double learningRate, double beta1, double beta2, double epsilon, long step, double gradientScale)
    {
        ArgumentNullException.ThrowIfNull(kernels);
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        arguments.Constants = AdamConstants.Of(learningRate, beta1, beta2, epsilon, step, gradientScale);
        kernels.Launch("optimizer_adam", LaunchShape.Over(Math.Min(arguments.Count, MostThreads)), ref arguments);
    }

    /// <summary>ema ← lerp(parameters, ema, beta).</summary>
    public static void Average(GpuKernels kernels, long count, float* ema, float* parameters, double beta)
    {
        ArgumentNullException.ThrowIfNull(kernels);
        var arguments = new AverageArguments { Average = ema, Parameters = parameters, Count = (ulong)count, Beta = (float)beta };
        kernels.Launch("optimizer_average", LaunchShape.Over(Math.Min(arguments.Count, MostThreads)), ref arguments);
    }
}

/// <summary>Launches of philox.cuh: the draws of <see cref="PhiloxFill"/>, in the GPU's memory.</summary>
public static unsafe class GpuDraws
{
    /// <summary>Fills memory with a draw.</summary>
    /// <param name="kernels">Of the GPU.</param>
    /// <param name="arguments">What to draw and where.</param>
    public static void Fill(GpuKernels kernels, PhiloxArguments arguments)
    {
        ArgumentNullException.ThrowIfNull(kernels);
        // One more block than half of the numbers, where they begin with the second number of one.
        ulong blocks = (((arguments.First & 1) + arguments.Count) + 1) / 2;
        kernels.Launch("philox_fill", LaunchShape.Over(blocks), ref arguments);
    }
}

/// <summary>Launches of augmentation.cuh.</summary>
public static class GpuAugmentation
{
    private static readonly string[] Pads = GpuNames.Of("augmentation_pad"), Folds = GpuNames.Of("augmentation_fold");
    private static readonly string[] Reads = GpuNames.Of("augmentation_read"), Adds = GpuNames.Of("augmentation_add");

    /// <summary>Adds a reflected border, or is the adjoint of that.</summary>
    public static void Reflect(GpuKernels kernels, GpuNumber number, bool adjoint, ReflectArguments arguments)
    {
        ArgumentNullException.ThrowIfNull(kernels);
        kernels.Launch((adjoint ? Folds : Pads)[(int)number], LaunchShape.Over(arguments.Threads), ref arguments);
    }

    /// <summary>Reads bilinear samples, or is the adjoint of that.</summary>
    public static void Sample(GpuKernels kernels, GpuNumber number, bool adjoint, SampleArguments arguments)
    {
        ArgumentNullException.ThrowIfNull(kernels);
        kernels.Launch((adjoint ? Adds : Reads)[(int)number], LaunchShape.Over(arguments.Threads), ref arguments);
    }
}
