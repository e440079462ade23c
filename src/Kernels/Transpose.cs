using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Atelier.Kernels;

/// <summary>Small blocks of floats, transposed: how channels become lanes and lanes channels. Strides in floats.</summary>
internal static unsafe class Transpose
{
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining;

    /// <summary>target[j][i] = source[i][j]; fastest where rows are a multiple of 8 and columns of 4.</summary>
    public static void Block(float* source, nint sourceStride, int rows, int columns, float* target, nint targetStride)
    {
        int eights = Avx.IsSupported ? rows / 8 * 8 : 0, fours = eights == 0 ? 0 : columns / 4 * 4;
        int sixteens = Avx512F.IsSupported && fours > 0 ? rows / 16 * 16 : 0;
        if (sixteens > 0)
            Sixteens(source, sourceStride, sixteens, fours, target, targetStride);
        if (fours > 0 && eights > sixteens)
            Eights(source + (sixteens * sourceStride), sourceStride, eights - sixteens, fours, target + sixteens, targetStride);
        if (eights == rows && fours == columns)
            return;
        for (int i = 0; i < rows; i++)
            for (int j = i < eights ? fours : 0; j < columns; j++)
                target[(j * targetStride) + i] = source[(i * sourceStride) + j];
    }

    // Rows in eights, columns in fours.
    [MethodImpl(Hot)]
    private static void Eights(float* source, nint stride, int rows, int columns, float* target, nint targetStride)
    {
        for (; rows > 0; rows -= 8, source += 8 * stride, target += 8)
            for (int column = 0; column < columns; column += 4)
                EightByFour(source + column, stride, target + (column * targetStride), targetStride);
    }

    // Rows in sixteens, columns in fours; sixteen of them at once where there are, because rows that lie a power of two apart share
    // a cache set, and are gone when the next four columns want them.
    [MethodImpl(Hot)]
    private static void Sixteens(float* source, nint stride, int rows, int columns, float* target, nint targetStride)
    {
        for (; rows > 0; rows -= 16, source += 16 * stride, target += 16)
        {
            int column = 0;
            for (; column <= columns - 16; column += 16)
                SixteenBySixteen(source + column, stride, target + (column * targetStride), targetStride);
            for (; column < columns; column += 4)
                SixteenByFour(source + column, stride, target + (column * targetStride), targetStride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SixteenBySixteen(float* source, nint stride, float* target, nint targetStride)
    {
        nint four = 4 * stride;
        var (a0, b0, c0, d0) = FourQuarters(source, four);
        var (a1, b1, c1, d1) = FourQuarters(source + stride, four);
        var (a2, b2, c2, d2) = FourQuarters(source + (2 * stride), four);
        var (a3, b3, c3, d3) = FourQuarters(source + (3 * stride), four);
        StoreFour(a0, a1, a2, a3, target, targetStride);
        StoreFour(b0, b1, b2, b3, target + (4 * targetStride), targetStride);
        StoreFour(c0, c1, c2, c3, target + (8 * targetStride), targetStride);
        StoreFour(d0, d1, d2, d3, target + (12 * targetStride), targetStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SixteenByFour(float* source, nint stride, float* target, nint targetStride)
    {
        nint four = 4 * stride;
        StoreFour(Quarters(source, four), Quarters(source + stride, four), Quarters(source + (2 * stride), four), Quarters(source + (3 * stride), four), target, targetStride);
    }

    // Rows i, i + 4, i + 8 and i + 12 are the quarters of register i.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreFour(Vector512<float> r0, Vector512<float> r1, Vector512<float> r2, Vector512<float> r3, float* target, nint targetStride)
    {
        var low01 = Avx512F.UnpackLow(r0, r1).AsDouble();
        var high01 = Avx512F.UnpackHigh(r0, r1).AsDouble();
        var low23 = Avx512F.UnpackLow(r2, r3).AsDouble();
        var high23 = Avx512F.UnpackHigh(r2, r3).AsDouble();
        Avx512F.UnpackLow(low01, low23).AsSingle().Store(target);
        Avx512F.UnpackHigh(low01, low23).AsSingle().Store(target + targetStride);
        Avx512F.UnpackLow(high01, high23).AsSingle().Store(target + (2 * targetStride));
        Avx512F.UnpackHigh(high01, high23).AsSingle().Store(target + (3 * targetStride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Quarters(float* row, nint stride) => Vector512.Create(
        Vector256.Create(Vector128.Load(row), Vector128.Load(row + stride)),
        Vector256.Create(Vector128.Load(row + (2 * stride)), Vector128.Load(row + (3 * stride))));

    // Of rows 0, 4, 8 and 12 from row on: register q holds columns 4q to 4q + 3 of each.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<float> First, Vector512<float> Second, Vector512<float> Third, Vector512<float> Fourth) FourQuarters(float* row, nint stride)
    {
        Vector512<float> r0 = Vector512.Load(row), r1 = Vector512.Load(row + stride), r2 = Vector512.Load(row + (2 * stride)), r3 = Vector512.Load(row + (3 * stride));
        var low01 = Avx512F.Shuffle4x128(r0, r1, 0b01_00_01_00);
        var high01 = Avx512F.Shuffle4x128(r0, r1, 0b11_10_11_10);
        var low23 = Avx512F.Shuffle4x128(r2, r3, 0b01_00_01_00);
        var high23 = Avx512F.Shuffle4x128(r2, r3, 0b11_10_11_10);
        return (
            Avx512F.Shuffle4x128(low01, low23, 0b10_00_10_00), Avx512F.Shuffle4x128(low01, low23, 0b11_01_11_01),
            Avx512F.Shuffle4x128(high01, high23, 0b10_00_10_00), Avx512F.Shuffle4x128(high01, high23, 0b11_01_11_01));
    }

    // Rows i and i + 4 are loaded as the halves of one register, which saves the last of three stages.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void EightByFour(float* low, nint stride, float* target, nint targetStride)
    {
        float* high = low + (4 * stride);
        var r0 = Vector256.Create(Vector128.Load(low), Vector128.Load(high));
        var r1 = Vector256.Create(Vector128.Load(low + stride), Vector128.Load(high + stride));
        var r2 = Vector256.Create(Vector128.Load(low + (2 * stride)), Vector128.Load(high + (2 * stride)));
        var r3 = Vector256.Create(Vector128.Load(low + (3 * stride)), Vector128.Load(high + (3 * stride)));
        var low01 = Avx.UnpackLow(r0, r1).AsDouble();
        var high01 = Avx.UnpackHigh(r0, r1).AsDouble();
        var low23 = Avx.UnpackLow(r2, r3).AsDouble();
        var high23 = Avx.UnpackHigh(r2, r3).AsDouble();
        Avx.UnpackLow(low01, low23).AsSingle().Store(target);
        Avx.UnpackHigh(low01, low23).AsSingle().Store(target + targetStride);
        Avx.UnpackLow(high01, high23).AsSingle().Store(target + (2 * targetStride));
        Avx.UnpackHigh(high01, high23).AsSingle().Store(target + (3 * targetStride));
    }
}
