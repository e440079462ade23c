using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>From planes of frequencies to images, and from kernels to matrices of weights; lanes are 16 output channels.</summary>
internal static unsafe class WinogradOutput<V, TAxis>
    where V : struct, IVector<V>
    where TAxis : struct, IWinogradAxis
{
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining;
    private const int Lanes = Vectors.VirtualLanes;

    /// <summary>Which of the 36 matrices of transformed weights meets a frequency.</summary>
    public static int MatrixOf(int frequency) => (6 * TAxis.WeightOf(frequency / TAxis.Points)) + TAxis.WeightOf(frequency % TAxis.Points);

    /// <summary>Floats that a strip of the output takes, twice, for its transposition.</summary>
    public static int Floats(int tiles) => 2 * TAxis.OutputPixels * Pitch(tiles);

    /// <summary>Aᵀ m A of 16 channels of a row of tiles into a strip [row][x][16].</summary>
    [SkipLocalsInit]
    [MethodImpl(Hot)]
    public static void Transform(float* m, nint tileStride, nint plane, int tiles, float* strip)
    {
        int points = TAxis.Points, pitch = Pitch(tiles);
        float* half = stackalloc float[8 * 9 * Lanes];
        for (int t = 0; t < tiles; t++, m += tileStride, strip += TAxis.OutputPixels * Lanes)
            for (int lane = 0; lane < Lanes; lane += V.Lanes)
            {
                float* frequency = m + lane;
                for (int j = 0; j < points; j++, frequency += plane)
                    TAxis.Output<V>(frequency, points * plane, half + (j * Lanes), points * Lanes);
                for (int r = 0; r < TAxis.OutputPixels; r++)
                    TAxis.Output<V>(half + (r * points * Lanes), Lanes, strip + (r * pitch) + lane, Lanes);
            }
    }

    /// <summary>A strip of 16 channels into the image: rows of <paramref name="width"/> pixels, of which the strip may leave the last.</summary>
    /// <param name="strip">From <see cref="Transform"/>; scratch of <see cref="Floats"/>.</param>
    /// <param name="tiles">Tiles in the row.</param>
    /// <param name="pixels">The first channel's plane.</param>
    /// <param name="height">Of the image.</param>
    /// <param name="width">Of the image.</param>
    /// <param name="tileRow">Which row of tiles.</param>
    /// <param name="row">Of the first channel, among [N·C]: for the epilogue.</param>
    /// <param name="epilogue">Or null; only where the strip is as wide as the image.</param>
    public static void Store(float* strip, int tiles, float* pixels, int height, int width, int tileRow, long row, Epilogue* epilogue)
    {
        int pitch = Pitch(tiles), rows = TAxis.OutputPixels, across = pitch / Lanes;
        nint plane = (nint)height * width;
        int first = tileRow * rows * width;
        if (epilogue == null && across == width)
        {
            Transpose.Block(strip, Lanes, rows * across, Lanes, pixels + first, plane);
            return;
        }
        if (epilogue == null)
        {
            for (int r = 0; r < rows; r++)
                Transpose.Block(strip + (r * pitch), Lanes, across, Lanes, pixels + first + (r * width), plane);
            return;
        }
        int run = rows * across;
        float* channels = strip + (rows * pitch);
        Transpose.Block(strip, Lanes, run, Lanes, channels, run);
        for (int c = 0; c < Lanes; c++)
            EpilogueRows<V>.Finish(*epilogue, row + c, channels + (c * run), pixels + (c * plane), first, run);
    }

    /// <summary>G w Gᵀ of kernels [other][9][16], each turned by 180° if <paramref name="turned"/>, to planes of [other][stride].</summary>
    [SkipLocalsInit]
    [MethodImpl(Hot)]
    public static void Weights(float* kernels, int others, bool turned, float* u, nint stride, nint plane)
    {
        float* half = stackalloc float[6 * 3 * Lanes];
        nint first = turned ? 8 * Lanes : 0, step = turned ? -Lanes : Lanes;
        for (int i = 0; i < others; i++, kernels += 9 * Lanes, u += stride)
            for (int lane = 0; lane < Lanes; lane += V.Lanes)
            {
                float* taps = kernels + first + lane;
                for (int j = 0; j < 3; j++)
                    TAxis.Weight<V>(taps + (j * step), 3 * step, half + (j * Lanes), 3 * Lanes);
                for (int j = 0; j < 6; j++)
                    TAxis.Weight<V>(half + (3 * j * Lanes), Lanes, u + lane + (6 * j * plane), plane);
            }
    }

    private static int Pitch(int tiles) => tiles * TAxis.OutputPixels * Lanes;
}
