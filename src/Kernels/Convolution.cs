namespace Atelier.Kernels;

/// <summary>Sizes of a convolution [N, I, H, W] → [N, O, H', W'] with a square kernel and one stride and padding for both axes.</summary>
/// <param name="Samples">N.</param>
/// <param name="Inputs">I.</param>
/// <param name="Outputs">O.</param>
/// <param name="Height">H.</param>
/// <param name="Width">W.</param>
/// <param name="Kernel">k; at most <see cref="LargestKernel"/>.</param>
/// <param name="Stride">Input pixels per output pixel; likewise.</param>
/// <param name="Padding">Zeros on each side.</param>
public readonly record struct ConvolutionShape(int Samples, int Inputs, int Outputs, int Height, int Width, int Kernel, int Stride, int Padding)
{
    /// <summary>Largest k and stride that the kernels take.</summary>
    public const int LargestKernel = 16;

    /// <summary>H' = (H + 2·padding − k)/stride + 1, rounded down: rows that no window reaches count for nothing.</summary>
    public int OutputHeight => ((Height + (2 * Padding) - Kernel) / Stride) + 1;

    /// <summary>W', likewise.</summary>
    public int OutputWidth => ((Width + (2 * Padding) - Kernel) / Stride) + 1;

    internal int Taps => Kernel * Kernel;

    internal void Check()
    {
        bool sensible = Samples >= 0 && Inputs > 0 && Outputs > 0 && Padding >= 0
            && Kernel is > 0 and <= LargestKernel && Stride is > 0 and <= LargestKernel && Height + (2 * Padding) >= Kernel && Width + (2 * Padding) >= Kernel;
        if (!sensible)
            throw new ArgumentException(
                $"{this} is no convolution: sizes must be positive, kernel and stride at most {LargestKernel}, and the kernel no larger than the padded image.");
    }
}

/// <summary>How a weight is stored.</summary>
public enum WeightOrder
{
    /// <summary>[O, I, k, k].</summary>
    OutputsFirst,

    /// <summary>[I, O, k, k].</summary>
    InputsFirst,
}

/// <summary>
/// The three bilinear maps of a convolution (correlation, as in conv2d), float32, with the same bits on every processor and for
/// every number of threads. The derivatives of any of them are the other two.
/// </summary>
/// <remarks>
/// Scales multiply an image's channels as it is read; an epilogue is applied as the result is written. <c>flip</c> turns the
/// kernel by 180°: a true convolution. Images are contiguous and may not overlap.
/// </remarks>
public static unsafe class Convolution
{
    /// <summary>y[n, o, p] = epilogue(Σ x[n, i, p·stride + t − padding]·xScale[n, i]·w[o, i, t]).</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="x">[N, I, H, W].</param>
    /// <param name="xScale">[N, I], or null.</param>
    /// <param name="w">[O, I, k, k], or as <paramref name="order"/> says.</param>
    /// <param name="order">How w is stored.</param>
    /// <param name="flip">Whether w is turned by 180°.</param>
    /// <param name="y">[N, O, H', W'].</param>
    /// <param name="epilogue">Of the rows of y, or null.</param>
    public static void Forward(in ConvolutionShape shape, float* x, float* xScale, float* w, WeightOrder order, bool flip, float* y, Epilogue* epilogue)
    {
        switch (KernelLaunch.Width)
        {
            case VectorWidth.Avx512:
                Forward<Vector512Lanes>(shape, x, xScale, w, order, flip, y, epilogue);
                break;
            case VectorWidth.Avx2:
                Forward<Vector256Lanes>(shape, x, xScale, w, order, flip, y, epilogue);
                break;
            default:
                Forward<Vector128Lanes>(shape, x, xScale, w, order, flip, y, epilogue);
                break;
        }
    }

    /// <summary>
    /// The adjoint in the image: x̄ with ⟨g, y(x, w)⟩ = ⟨x̄, x⟩, then the epilogue. Rows and columns that no window reaches are
    /// zero before it.
    /// </summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="g">[N, O, H', W'].</param>
    /// <param name="gScale">[N, O], or null.</param>
    /// <param name="w">[O, I, k, k], or as <paramref name="order"/> says.</param>
    /// <param name="order">How w is stored.</param>
    /// <param name="flip">Whether w is turned by 180°.</param>
    /// <param name="x">[N, I, H, W].</param>
    /// <param name="epilogue">Of the rows of x̄, or null.</param>
    public static void InputGradient(in ConvolutionShape shape, float* g, float* gScale, float* w, WeightOrder order, bool flip, float* x, Epilogue* epilogue)
    {
        switch (KernelLaunch.Width)
        {
            case VectorWidth.Avx512:
                InputGradient<Vector512Lanes>(shape, g, gScale, w, order, flip, x, epilogue);
                break;
            case VectorWidth.Avx2:
                InputGradient<Vector256Lanes>(shape, g, gScale, w, order, flip, x, epilogue);
                break;
            default:
                InputGradient<Vector128Lanes>(shape, g, gScale, w, order, flip, x, epilogue);
                break;
        }
    }

    /// <summary>The adjoint in the weight: w̄ with ⟨g, y(x, w)⟩ = ⟨w̄, w⟩.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="x">[N, I, H, W].</param>
    /// <param name="xScale">[N, I], or null.</param>
    /// <param name="g">[N, O, H', W'].</param>
    /// <param name="gScale">[N, O], or null.</param>
    /// <param name="order">How w̄ is stored.</param>
    /// <param name="flip">Whether w is turned by 180°.</param>
    /// <param name="w">[O, I, k, k], or as <paramref name="order"/> says.</param>
    public static void WeightGradient(in ConvolutionShape shape, float* x, float* xScale, float* g, float* gScale, WeightOrder order, bool flip, float* w)
    {
        switch (KernelLaunch.Width)
        {
            case VectorWidth.Avx512:
                WeightGradient<Vector512Lanes>(shape, x, xScale, g, gScale, order, flip, w);
                break;
            case VectorWidth.Avx2:
                WeightGradient<Vector256Lanes>(shape, x, xScale, g, gScale, order, flip, w);
                break;
            default:
                WeightGradient<Vector128Lanes>(shape, x, xScale, g, gScale, order, flip, w);
                break;
        }
    }

    private static void Forward<V>(in ConvolutionShape shape, float* x, float* xScale, float* w, WeightOrder order, bool flip, float* y, Epilogue* epilogue)
        where V : struct, IVector<V>
    {
        shape.Check();
        var weights = new KernelWeights(shape, w, order, flip);
        if (Winograd.Convolves(shape))
            Winograd.Forward<V>(shape, new ScaledImage(x, xScale), weights, y, epilogue);
        else if (ThinConvolution<V>.Takes(shape))
            ThinConvolution<V>.Forward(shape, new ScaledImage(x, xScale), weights, y, epilogue);
        else
            DirectConvolution<V>.Forward(shape, new ScaledImage(x, xScale), weights, y, epilogue);
    }

    private static void InputGradient<V>(in ConvolutionShape shape, float* g, float* gScale, float* w, WeightOrder order, bool flip, float* x, Epilogue* epilogue)
        where V : struct, IVector<V>
    {
        shape.Check();
        var weights = new KernelWeights(shape, w, order, flip);
        if (Winograd.Convolves(shape))
            Winograd.InputGradient<V>(shape, new ScaledImage(g, gScale), weights, x, epilogue);
        else if (ThinConvolution<V>.Takes(shape))
            ThinConvolution<V>.InputGradient(shape, new ScaledImage(g, gScale), weights, x, epilogue);
        else
            DirectConvolution<V>.InputGradient(shape, new ScaledImage(g, gScale), weights, x, epilogue);
    }

    private static void WeightGradient<V>(in ConvolutionShape shape, float* x, float* xScale, float* g, float* gScale, WeightOrder order, bool flip, float* w)
        where V : struct, IVector<V>
    {
        shape.Check();
        var weights = new KernelWeights(shape, w, order, flip);
        if (Winograd.Correlates(shape))
            Winograd.WeightGradient<V>(shape, new ScaledImage(x, xScale), new ScaledImage(g, gScale), weights);
        else if (ThinConvolution<V>.Takes(shape))
            ThinConvolution<V>.WeightGradient(shape, new ScaledImage(x, xScale), new ScaledImage(g, gScale), weights);
        else
            DirectWeightGradient<V>.Run(shape, new ScaledImage(x, xScale), new ScaledImage(g, gScale), weights);
    }
}
