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

    // Rows in sixteens, columns in fours.
    [MethodImpl(Hot)]
    private static void Sixteens(float* source, nint stride, int rows, int columns, float* target, nint targetStride)
    {
        for (; rows > 0; rows -= 16, source += 16 * stride, target += 16)
            for (int column = 0; column < columns; column += 4)
                SixteenByFour(source + column, stride, target + (column * targetStride), targetStride);
    }

    // Rows i, i + 4, i + 8 and i + 12 are loaded as the quarters of one register.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SixteenByFour(float* source, nint stride, float* target, nint targetStride)
    {
        nint four = 4 * stride;
        var r0 = Quarters(source, four);
        var r1 = Quarters(source + stride, four);
        var r2 = Quarters(source + (2 * stride), four);
        var r3 = Quarters(source + (3 * stride), four);
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
