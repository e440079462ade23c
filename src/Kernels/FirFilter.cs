namespace Atelier.Kernels;

/// <summary>Pixels of zeros around an image; negative values crop.</summary>
/// <param name="Left">Before the first column.</param>
/// <param name="Right">Behind the last column.</param>
/// <param name="Top">Above the first row.</param>
/// <param name="Bottom">Below the last row.</param>
public readonly record struct Padding(int Left, int Right, int Top, int Bottom);

/// <summary>Zeros that are put behind every pixel (up − 1) and pixels of which one is kept (down), per axis.</summary>
/// <param name="UpX">At least 1.</param>
/// <param name="UpY">At least 1.</param>
/// <param name="DownX">At least 1.</param>
/// <param name="DownY">At least 1.</param>
public readonly record struct Resampling(int UpX, int UpY, int DownX, int DownY)
{
    /// <summary>As it is.</summary>
    public static Resampling None => new(1, 1, 1, 1);

    /// <summary>To a multiple of the size.</summary>
    public static Resampling Up(int factor) => new(factor, factor, 1, 1);

    /// <summary>To a part of the size.</summary>
    public static Resampling Down(int factor) => new(1, 1, factor, factor);
}

/// <summary>
/// Up-, fir-, downsampling of planes (Karras et al. 2019, 2020; the published upfirdn2d): put up − 1 zeros behind every pixel, pad or
/// crop, convolve with the filter, keep every down-th pixel.
/// </summary>
/// <remarks>
/// Linear in the image. Its adjoint is the same operation with up and down swapped, the filter reversed and the padding that
/// brings the image's size back, which closes it under differentiation. Immutable.
/// </remarks>
public sealed unsafe class FirFilter
{
    /// <summary>The longest filter, in taps an axis.</summary>
    public const int LargestTaps = 64;

    /// <summary>How far from an outer product a filter of float32 may be by its rounding alone.</summary>
    private const double Rounding = 4 * 1.1920929e-7;

    private readonly float[] _columnTaps;
    private readonly float[] _rowTaps;

    private FirFilter(Resampling resampling, Padding padding, int terms, float[] columnTaps, float[] rowTaps) =>
        (Resampling, Padding, Terms, _columnTaps, _rowTaps) = (resampling, padding, terms, columnTaps, rowTaps);

    /// <summary>Its changes of size.</summary>
    public Resampling Resampling { get; }

    /// <summary>Its padding.</summary>
    public Padding Padding { get; }

    /// <summary>Products of a column and a row filter that it is the sum of; 1 when separable.</summary>
    public int Terms { get; }

    /// <summary>[terms, rows], as they meet the image: a correlation, the gain in them.</summary>
    public ReadOnlySpan<float> ColumnTaps => _columnTaps;

    /// <summary>[terms, columns].</summary>
    public ReadOnlySpan<float> RowTaps => _rowTaps;

    private int Rows => _columnTaps.Length / Terms;

    private int Columns => _rowTaps.Length / Terms;

    /// <summary>The filter taps ⊗ taps.</summary>
    /// <param name="taps">[taps], used on both axes; one tap of 1 filters nothing.</param>
    /// <param name="resampling">Changes of size.</param>
    /// <param name="padding">Around the image of zeros and pixels.</param>
    /// <param name="flip">False: convolve, true: correlate.</param>
    /// <param name="gain">Factor of the image's brightness.</param>
    /// <exception cref="ArgumentException">No taps or more than <see cref="LargestTaps"/>; up or down below 1.</exception>
    public static FirFilter Separable(ReadOnlySpan<double> taps, Resampling resampling, Padding padding, bool flip = false, double gain = 1)
    {
        Check(resampling, taps.Length, taps.Length);
        var f = taps.ToArray();
        if (!flip)
            Array.Reverse(f);
        return new FirFilter(resampling, padding, 1, [.. f.Select(tap => (float)(tap * gain))], [.. f.Select(tap => (float)tap)]);
    }

    /// <summary>A filter of two axes; an outer product is found and split, which makes it several times cheaper.</summary>
    /// <param name="filter">[rows, columns].</param>
    /// <param name="columns">Taps in a row.</param>
    /// <param name="resampling">Changes of size.</param>
    /// <param name="padding">Around the image of zeros and pixels.</param>
    /// <param name="flip">False: convolve, true: correlate.</param>
    /// <param name="gain">Factor of the image's brightness.</param>
    /// <exception cref="ArgumentException">No whole rows, or more than <see cref="LargestTaps"/> taps an axis; up or down below 1.</exception>
    public static FirFilter Planar(ReadOnlySpan<double> filter, int columns, Resampling resampling, Padding padding, bool flip = false, double gain = 1)
    {
        int rows = columns < 1 || filter.Length % columns != 0 ? 0 : filter.Length / columns;
        Check(resampling, rows, columns);
        var f = filter.ToArray();
        if (!flip)
            Array.Reverse(f);
        for (int i = 0; i < f.Length; i++)
            f[i] *= gain;
        return SplitOuterProduct(f, rows, columns) is var (column, row)
            ? new FirFilter(resampling, padding, 1, column, row)
            : new FirFilter(resampling, padding, rows, UnitMatrix(rows), [.. f.Select(tap => (float)tap)]);
    }

    /// <summary>Rows of the result for an image of a height; below 1: the image is too small.</summary>
    public int OutputHeight(int height) =>
        FloorDivide((height * Resampling.UpY) + Padding.Top + Padding.Bottom - Rows, Resampling.DownY) + 1;

    /// <summary>Columns of the result for an image of a width; below 1: the image is too small.</summary>
    public int OutputWidth(int width) =>
        FloorDivide((width * Resampling.UpX) + Padding.Left + Padding.Right - Columns, Resampling.DownX) + 1;

    /// <summary>The transposed operation for images of a size: it takes this one's results.</summary>
    public FirFilter Adjoint(int height, int width)
    {
        var swapped = new Resampling(Resampling.DownX, Resampling.DownY, Resampling.UpX, Resampling.UpY);
        var padding = new Padding(
            Columns - Padding.Left - 1,
            (width * Resampling.UpX) - (OutputWidth(width) * Resampling.DownX) + Padding.Left - Resampling.UpX + 1,
            Rows - Padding.Top - 1,
            (height * Resampling.UpY) - (OutputHeight(height) * Resampling.DownY) + Padding.Top - Resampling.UpY + 1);
        return new FirFilter(swapped, padding, Terms, ReverseTerms(_columnTaps), ReverseTerms(_rowTaps));
    }

    /// <summary>Filters planes.</summary>
    /// <param name="planes">Planes; with an epilogue, its rows.</param>
    /// <param name="height">Of x.</param>
    /// <param name="width">Of x.</param>
    /// <param name="x">[planes, height, width].</param>
    /// <param name="y">[planes, <see cref="OutputHeight"/>, <see cref="OutputWidth"/>].</param>
    /// <param name="epilogue">What is done to the result on its way out; null: nothing.</param>
    /// <exception cref="ArgumentException">The image is smaller than the filter after padding.</exception>
    public void Run(int planes, int height, int width, float* x, float* y, Epilogue* epilogue)
    {
        int outputHeight = OutputHeight(height), outputWidth = OutputWidth(width);
        if (outputHeight < 1 || outputWidth < 1)
            throw new ArgumentException($"The image of {height}x{width} is smaller than the filter of {Rows}x{Columns} after {Padding}.");
        var vertical = new FirAxis(height, outputHeight, Resampling.UpY, Resampling.DownY, Padding.Top);
        var horizontal = new FirAxis(width, outputWidth, Resampling.UpX, Resampling.DownX, Padding.Left);
        long elements = Math.Max((long)height * width, (long)outputHeight * outputWidth);
        // A register wider than a row would leave all of it to the scalar rest.
        var widest = Math.Min(width, outputWidth) < Vector512Lanes.Lanes ? VectorWidth.Avx2 : VectorWidth.Avx512;
        fixed (float* columnTaps = _columnTaps, rowTaps = _rowTaps)
            KernelLaunch.Run(new FirKernel(vertical, horizontal, Terms, columnTaps, Rows, rowTaps, Columns, x, y, epilogue), planes, elements, widest);
    }

    private static void Check(Resampling resampling, int rows, int columns)
    {
        if (resampling.UpX < 1 || resampling.UpY < 1 || resampling.DownX < 1 || resampling.DownY < 1)
            throw new ArgumentException($"Up and down must be at least 1, they are {resampling}.", nameof(resampling));
        if (rows < 1 || columns < 1 || rows > LargestTaps || columns > LargestTaps)
            throw new ArgumentException($"A filter has 1 to {LargestTaps} taps an axis, this one {rows}x{columns}.");
    }

    private static (float[] Column, float[] Row)? SplitOuterProduct(double[] f, int rows, int columns)
    {
        int pivot = 0;
        for (int i = 1; i < f.Length; i++)
            pivot = Math.Abs(f[i]) > Math.Abs(f[pivot]) ? i : pivot;
        int p = pivot / columns, q = pivot % columns;
        double largest = f[pivot];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                double error = (f[(i * columns) + j] * largest) - (f[(i * columns) + q] * f[(p * columns) + j]);
                if (Math.Abs(error) > Rounding * largest * largest)
                    return null;
            }
        }
        return ([.. Enumerable.Range(0, rows).Select(i => (float)f[(i * columns) + q])],
            [.. Enumerable.Range(0, columns).Select(j => largest == 0 ? 0 : (float)(f[(p * columns) + j] / largest))]);
    }

    private static float[] UnitMatrix(int size)
    {
        var matrix = new float[size * size];
        for (int i = 0; i < size; i++)
            matrix[(i * size) + i] = 1;
        return matrix;
    }

    private float[] ReverseTerms(float[] taps)
    {
        var reversed = (float[])taps.Clone();
        int length = taps.Length / Terms;
        for (int term = 0; term < Terms; term++)
            Array.Reverse(reversed, term * length, length);
        return reversed;
    }

    private static int FloorDivide(int a, int b) => a >= 0 ? a / b : -((b - 1 - a) / b);
}
