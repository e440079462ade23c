namespace Atelier.Kernels.Tests;

/// <summary>A convolution with random data: its three maps, and the same by loops over doubles.</summary>
internal sealed unsafe class ConvolutionCase : IDisposable
{
    private readonly ConvolutionShape _shape;
    private readonly WeightOrder _order;
    private readonly bool _flip;
    private readonly Floats? _xScale, _gScale;

    public ConvolutionCase(ConvolutionShape shape, WeightOrder order = WeightOrder.OutputsFirst, bool flip = false, bool scaled = false)
    {
        (_shape, _order, _flip) = (shape, order, flip);
        X = Floats.Random((long)shape.Samples * shape.Inputs * shape.Height * shape.Width, 1);
        G = Floats.Random((long)shape.Samples * shape.Outputs * shape.OutputHeight * shape.OutputWidth, 2);
        W = Floats.Random((long)shape.Outputs * shape.Inputs * shape.Kernel * shape.Kernel, 3);
        _xScale = scaled ? Floats.Random((long)shape.Samples * shape.Inputs, 4) : null;
        _gScale = scaled ? Floats.Random((long)shape.Samples * shape.Outputs, 5) : null;
    }

    public Floats X { get; }

    public Floats G { get; }

    public Floats W { get; }

    private float* XScale => _xScale == null ? null : _xScale.Pointer;

    private float* GScale => _gScale == null ? null : _gScale.Pointer;

    public void Forward(Floats y, Epilogue* epilogue = null) =>
        Convolution.Forward(_shape, X.Pointer, XScale, W.Pointer, _order, _flip, y.Pointer, epilogue);

    public void InputGradient(Floats x, Epilogue* epilogue = null) =>
        Convolution.InputGradient(_shape, G.Pointer, GScale, W.Pointer, _order, _flip, x.Pointer, epilogue);

    public void WeightGradient(Floats w) =>
        Convolution.WeightGradient(_shape, X.Pointer, XScale, G.Pointer, GScale, _order, _flip, w.Pointer);

    /// <summary>The same maps as matrix products over columns, as any shape can be computed.</summary>
    public void ForwardDirectly(Floats y) => DirectConvolution<Vector256Lanes>.Forward(_shape, new(X.Pointer, XScale), Weights(W), y.Pointer, null);

    public void InputGradientDirectly(Floats x) => DirectConvolution<Vector256Lanes>.InputGradient(_shape, new(G.Pointer, GScale), Weights(W), x.Pointer, null);

    public void WeightGradientDirectly(Floats w) => DirectWeightGradient<Vector256Lanes>.Run(_shape, new(X.Pointer, XScale), new(G.Pointer, GScale), Weights(w));

    private KernelWeights Weights(Floats w) => new(_shape, w.Pointer, _order, _flip);

    public void Dispose()
    {
        foreach (var floats in (Floats?[])[X, G, W, _xScale, _gScale])
            floats?.Dispose();
    }

    public double[] ForwardInDoubles()
    {
        var y = new double[G.Count];
        EachProduct((x, w, g, xScale, _) => y[g] += X[x] * xScale * W[w]);
        return y;
    }

    public double[] InputGradientInDoubles()
    {
        var result = new double[X.Count];
        EachProduct((x, w, g, _, gScale) => result[x] += G[g] * gScale * W[w]);
        return result;
    }

    public double[] WeightGradientInDoubles()
    {
        var result = new double[W.Count];
        EachProduct((x, w, g, xScale, gScale) => result[w] += X[x] * xScale * G[g] * gScale);
        return result;
    }

    // Every triple of elements of x, w and y that the convolution multiplies and adds, with the scales of x and g there.
    private void EachProduct(Action<int, int, int, double, double> product)
    {
        var s = _shape;
        int k = s.Kernel;
        for (int n = 0; n < s.Samples; n++)
            for (int o = 0; o < s.Outputs; o++)
                for (int i = 0; i < s.Inputs; i++)
                {
                    double xScale = _xScale == null ? 1 : _xScale[(n * s.Inputs) + i], gScale = _gScale == null ? 1 : _gScale[(n * s.Outputs) + o];
                    int kernel = (_order == WeightOrder.OutputsFirst ? (o * s.Inputs) + i : (i * s.Outputs) + o) * k * k;
                    for (int y = 0; y < s.OutputHeight; y++)
                        for (int x = 0; x < s.OutputWidth; x++)
                            for (int t = 0; t < k * k; t++)
                            {
                                int row = (y * s.Stride) + (t / k) - s.Padding, column = (x * s.Stride) + (t % k) - s.Padding;
                                if (row < 0 || row >= s.Height || column < 0 || column >= s.Width)
                                    continue;
                                product(
                                    (((((n * s.Inputs) + i) * s.Height) + row) * s.Width) + column, kernel + (_flip ? (k * k) - 1 - t : t),
                                    (((((n * s.Outputs) + o) * s.OutputHeight) + y) * s.OutputWidth) + x, xScale, gScale);
                            }
                }
    }
}
