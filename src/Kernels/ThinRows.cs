using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>
/// A few rows times a matrix that no cache holds, as the gradient of a wide fully connected layer's input is, or a pixel's way to RGB: the
/// matrix is read once, in long runs, and the sums wait in the first cache. Each element has the bits that the general product would give it.
/// </summary>
internal static unsafe class ThinRows<V>
    where V : struct, IVector<V>
{
    public const int MostRows = 8;

    /// <summary>Columns that are summed at once.</summary>
    public const int ColumnBlock = 512;

    // Summed at once; one that is missing is summed as the last again, and not stored.
    private const int Rows = 4;

    // Rows of sums that would otherwise fall into the same cache sets lie further apart than they are long.
    private const int Pitch = ColumnBlock + 16;

    /// <summary>c[i][j] = Σₚ a[i][p]·(bScale[p]·b[p][j]); strides in floats, <paramref name="bScale"/> null for 1.</summary>
    [SkipLocalsInit]
    public static void Multiply(int m, int n, int k, float* a, nint aRow, float* b, nint bRow, float* bScale, float* c, nint cRow)
    {
        float* sums = stackalloc float[MostRows * Pitch];
        for (int column = 0; column < n; column += ColumnBlock)
        {
            int columns = Math.Min(ColumnBlock, n - column), whole = columns / V.Lanes * V.Lanes;
            for (int first = 0; first < k; first += MatrixProduct.DepthBlock)
            {
                int depth = Math.Min(MatrixProduct.DepthBlock, k - first);
                new Span<float>(sums, (m + Rows - 1) / Rows * Rows * Pitch).Clear();
                for (int p = first; p < first + depth; p += 2)
                {
                    float* row = b + (p * bRow) + column;
                    bool isPair = p + 1 < first + depth;
                    float scale0 = bScale == null ? 1 : bScale[p], scale1 = bScale == null || !isPair ? 1 : bScale[p + 1];
                    for (int i = 0; isPair && i < m; i += Rows)
                    {
                        float* above = a + (i * aRow) + p;
                        nint last = Math.Min(Rows - 1, m - 1 - i) * aRow;
                        AddPair(whole, above, above + Math.Min(aRow, last), above + Math.Min(2 * aRow, last), above + last, row, bRow, scale0, scale1, sums + (i * Pitch));
                    }
                    for (int i = 0; i < m; i++)
                    {
                        float* factor = a + (i * aRow) + p;
                        AddRest(isPair ? whole : 0, columns, factor[0], row, scale0, sums + (i * Pitch));
                        if (isPair)
                            AddRest(whole, columns, factor[1], row + bRow, scale1, sums + (i * Pitch));
                    }
                }
                for (int i = 0; i < m; i++)
                {
                    float* target = c + (i * cRow) + column, from = sums + (i * Pitch);
                    for (int j = 0; j < columns; j++)
                        target[j] = first == 0 ? from[j] : target[j] + from[j];
                }
            }
        }
    }

    // Four rows of a, two of b.
    [MethodImpl(KernelLaunch.Hot)]
    private static void AddPair(int columns, float* a0, float* a1, float* a2, float* a3, float* b, nint bRow, float scale0, float scale1, float* sums)
    {
        V a00 = V.Broadcast(a0[0]), a01 = V.Broadcast(a0[1]), a10 = V.Broadcast(a1[0]), a11 = V.Broadcast(a1[1]);
        V a20 = V.Broadcast(a2[0]), a21 = V.Broadcast(a2[1]), a30 = V.Broadcast(a3[0]), a31 = V.Broadcast(a3[1]);
        V f0 = V.Broadcast(scale0), f1 = V.Broadcast(scale1);
        for (int j = 0; j < columns; j += V.Lanes)
        {
            V t = V.Multiply(f0, V.Load(b + j)), u = V.Multiply(f1, V.Load(b + bRow + j));
            float* sum = sums + j;
            V.Store(sum, V.MultiplyAdd(a01, u, V.MultiplyAdd(a00, t, V.Load(sum))));
            sum += Pitch;
            V.Store(sum, V.MultiplyAdd(a11, u, V.MultiplyAdd(a10, t, V.Load(sum))));
            sum += Pitch;
            V.Store(sum, V.MultiplyAdd(a21, u, V.MultiplyAdd(a20, t, V.Load(sum))));
            sum += Pitch;
            V.Store(sum, V.MultiplyAdd(a31, u, V.MultiplyAdd(a30, t, V.Load(sum))));
        }
    }

    // What is no pair, or no whole register.
    [MethodImpl(KernelLaunch.Hot)]
    private static void AddRest(int from, int columns, float a, float* b, float scale, float* sums)
    {
        V factor = V.Broadcast(a), scales = V.Broadcast(scale);
        int j = from;
        for (; j + V.Lanes <= columns; j += V.Lanes)
            V.Store(sums + j, V.MultiplyAdd(factor, V.Multiply(scales, V.Load(b + j)), V.Load(sums + j)));
        for (; j < columns; j++)
            sums[j] = MathF.FusedMultiplyAdd(a, scale * b[j], sums[j]);
    }
}
