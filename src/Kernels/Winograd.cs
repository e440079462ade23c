namespace Atelier.Kernels;

/// <summary>Which convolutions Winograd's algorithm takes, and how they are its maps.</summary>
internal static unsafe class Winograd
{
    // Below, though often faster, it rounds more than the direct sums, and single small gradients of small networks show it.
    private const int FewestChannels = 32;

    // Measured crossovers with the direct convolution: with fewer tiles the products are too narrow for what their weights cost
    // to transform, above all weights that no cache holds. Fixed numbers, because bits may not depend on the machine.
    private const int FewestTiles = 4;
    private const int FewestTilesOfLargeWeight = 8;
    private const int FewestTilesOfStride2 = 8;
    private const int FewestTilesOfStride2AndLargeWeight = 16;
    private const long LargeWeight = 256 * 256;

    /// <summary>Whether forward and input gradient go by Winograd's algorithm.</summary>
    public static bool Convolves(in ConvolutionShape shape)
    {
        int height = shape.OutputHeight, width = shape.OutputWidth;
        bool isMap = shape.Kernel == 3 && shape is { Stride: 1, Padding: 1 } or { Stride: 2, Padding: 0 };
        if (!isMap || shape.Inputs % 16 != 0 || shape.Outputs % 16 != 0 || Math.Min(shape.Inputs, shape.Outputs) < FewestChannels || height % 4 != 0 || width % 4 != 0)
            return false;
        bool isLarge = (long)shape.Inputs * shape.Outputs > LargeWeight;
        int fewest = shape.Stride == 1 ? (isLarge ? FewestTilesOfLargeWeight : FewestTiles) : isLarge ? FewestTilesOfStride2AndLargeWeight : FewestTilesOfStride2;
        return (long)shape.Samples * (height / 4) * (width / 4) >= fewest;
    }

    /// <summary>Whether the weight's gradient does. With stride 2 the sums of large weights, over a few tiles each, cost more than they save.</summary>
    public static bool Correlates(in ConvolutionShape shape) =>
        Convolves(shape) && (shape.Stride == 1 || (long)shape.Inputs * shape.Outputs <= LargeWeight);

    /// <summary><see cref="Convolution.Forward"/>.</summary>
    public static void Forward<V>(in ConvolutionShape shape, ScaledImage x, KernelWeights w, float* y, Epilogue* epilogue)
        where V : struct, IVector<V>
    {
        var map = new WinogradMap
        {
            Image = x,
            Samples = shape.Samples,
            Inputs = shape.Inputs,
            Height = shape.Height,
            Width = shape.Width,
            Target = y,
            Outputs = shape.Outputs,
            TargetHeight = shape.OutputHeight,
            TargetWidth = shape.OutputWidth,
            TileRows = shape.OutputHeight / 4,
            TilesAcross = shape.OutputWidth / 4,
            Weights = w,
            Side = WeightSide.Outputs,
            Turned = w.Flip,
            Epilogue = epilogue,
        };
        if (shape.Stride == 1)
            WinogradConvolution<V, SameAxis>.Run(map);
        else
            WinogradConvolution<V, HalvingAxis>.Run(map);
    }

    /// <summary><see cref="Convolution.InputGradient"/>.</summary>
    public static void InputGradient<V>(in ConvolutionShape shape, ScaledImage g, KernelWeights w, float* x, Epilogue* epilogue)
        where V : struct, IVector<V>
    {
        int height = shape.OutputHeight, width = shape.OutputWidth;
        var map = new WinogradMap
        {
            Image = g,
            Samples = shape.Samples,
            Inputs = shape.Outputs,
            Height = height,
            Width = width,
            Target = x,
            Outputs = shape.Inputs,
            TargetHeight = shape.Height,
            TargetWidth = shape.Width,
            TileRows = height / 4,
            TilesAcross = width / 4,
            Weights = w,
            Side = WeightSide.Inputs,
            Turned = !w.Flip,
        };
        if (shape.Stride == 1)
        {
            map.Epilogue = epilogue;
            WinogradConvolution<V, SameAxis>.Run(map);
            return;
        }
        // Tiles of eight leave the last row and column.
        WinogradConvolution<V, DoublingAxis>.Run(map);
        DirectConvolution<V>.InputGradient(shape, g, w, x, (2 * height, shape.Height), (0, shape.Width));
        DirectConvolution<V>.InputGradient(shape, g, w, x, (0, 2 * height), (2 * width, shape.Width));
        if (epilogue != null)
            EpilogueRows<V>.Finish(*epilogue, x, (long)shape.Samples * shape.Inputs, (long)shape.Height * shape.Width);
    }

    /// <summary><see cref="Convolution.WeightGradient"/>; <paramref name="w"/> is written.</summary>
    public static void WeightGradient<V>(in ConvolutionShape shape, ScaledImage x, ScaledImage g, KernelWeights w)
        where V : struct, IVector<V>
    {
        if (shape.Stride == 1)
            WinogradWeightGradient<V, SameAxis, GradientAxis>.Run(shape, x, g, w);
        else
            WinogradWeightGradient<V, HalvingAxis, HalvingGradientAxis>.Run(shape, x, g, w);
    }
}
