using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>
/// From images to planes of frequencies. Lanes are 16 channels: a strip, which is a row of tiles, is kept as [row][x][16], so
/// that every transform acts on whole registers of any width.
/// </summary>
internal static unsafe class WinogradInput<V, TAxis>
    where V : struct, IVector<V>
    where TAxis : struct, IWinogradInput
{
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining;
    private const int Lanes = Vectors.VirtualLanes;

    /// <summary>Products per tile and pair of channels.</summary>
    public static int Frequencies => TAxis.Points * TAxis.Points;

    /// <summary>Floats that a strip takes while it is transformed.</summary>
    public static int Floats(int tiles) => TAxis.Points * Pitch(tiles);

    /// <summary>Bᵀ d B of 16 channels under row <paramref name="tileRow"/> of tiles.</summary>
    /// <param name="pixels">The first channel's plane [height, width]; the others follow.</param>
    /// <param name="scale">Factors of the 16 channels, or null.</param>
    /// <param name="height">Of the image.</param>
    /// <param name="width">Of the image.</param>
    /// <param name="tileRow">Which row of tiles.</param>
    /// <param name="tiles">Tiles in the row.</param>
    /// <param name="strip">Scratch.</param>
    /// <param name="v">Result: frequency f, tile t and lane l at f·<paramref name="plane"/> + t·<paramref name="tileStride"/> + l.</param>
    /// <param name="tileStride">Floats.</param>
    /// <param name="plane">Floats.</param>
    public static void Transform(float* pixels, float* scale, int height, int width, int tileRow, int tiles, float* strip, float* v, nint tileStride, nint plane)
    {
        int pitch = Pitch(tiles);
        int first = (tileRow * TAxis.InputStep) - TAxis.Margin;
        for (int r = 0; r < TAxis.InputPixels; r++)
            ReadRow(pixels, height, width, first + r, strip + (r * pitch), pitch);
        if (scale != null)
            Scale(strip, scale, TAxis.InputPixels * pitch);
        Down(strip, pitch);
        Across(strip, pitch, tiles, v, tileStride, plane);
    }

    private static int Pitch(int tiles) => ((tiles * TAxis.InputStep) + TAxis.InputPixels - TAxis.InputStep) * Lanes;

    private static void ReadRow(float* pixels, int height, int width, int y, float* line, int pitch)
    {
        if (y < 0 || y >= height)
        {
            new Span<float>(line, pitch).Clear();
            return;
        }
        int margin = TAxis.Margin * Lanes, read = Math.Min(width, (pitch - margin) / Lanes), fours = read / 4 * 4;
        float* source = pixels + ((long)y * width);
        nint plane = (nint)height * width;
        new Span<float>(line, margin).Clear();
        line += margin;
        Transpose.Block(source, plane, Lanes, fours, line, Lanes);
        Transpose.Block(source + fours, plane, Lanes, read - fours, line + (fours * Lanes), Lanes);
        new Span<float>(line + (read * Lanes), pitch - margin - (read * Lanes)).Clear();
    }

    [MethodImpl(Hot)]
    private static void Scale(float* strip, float* scale, int count)
    {
        for (int lane = 0; lane < Lanes; lane += V.Lanes)
        {
            V factor = V.Load(scale + lane);
            for (int i = lane; i < count; i += Lanes)
                V.Store(strip + i, V.Multiply(factor, V.Load(strip + i)));
        }
    }

    [MethodImpl(Hot)]
    private static void Down(float* strip, int pitch)
    {
        for (int i = 0; i < pitch; i += V.Lanes)
            TAxis.Input<V>(strip + i, pitch, strip + i, pitch);
    }

    [MethodImpl(Hot)]
    private static void Across(float* strip, int pitch, int tiles, float* v, nint tileStride, nint plane)
    {
        int points = TAxis.Points;
        for (int t = 0; t < tiles; t++, strip += TAxis.InputStep * Lanes, v += tileStride)
            for (int lane = 0; lane < Lanes; lane += V.Lanes)
            {
                float* pixels = strip + lane, target = v + lane;
                for (int i = 0; i < points; i++, pixels += pitch, target += points * plane)
                    TAxis.Input<V>(pixels, Lanes, target, plane);
            }
    }
}
