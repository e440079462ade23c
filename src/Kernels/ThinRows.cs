using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>
/// A few rows times a matrix that no cache holds, as the gradient of a wide fully connected layer's input is: the matrix is read once, in
/// long runs, and the sums wait in the first cache. Each element has the bits that the general product would give it.
/// </summary>
internal static unsafe class ThinRows<V>
    where V : struct, IVector<V>
{
    public const int MostRows = 8;

    private const int ColumnBlock = 512;
    private const int Rows = 4;

    // Rows of sums that would otherwise fall into the same cache sets lie further apart than they are long.
    private const int Pitch = ColumnBlock + 16;

    /// <summary>c[i][j] = Σₚ a[i][p]·b[p][j]; strides in floats.</summary>
    [SkipLocalsInit]
    public static void Multiply(int m, int n, int k, float* a, nint aRow, float* b, nint bRow, float* c, nint cRow)
    {
        float* sums = stackalloc float[MostRows * Pitch];
        for (int column = 0; column < n; column += ColumnBlock)
        {
            int columns = Math.Min(ColumnBlock, n - column), whole = columns / V.Lanes * V.Lanes;
            for (int first = 0; first < k; first += MatrixProduct.DepthBlock)
            {
                int depth = Math.Min(MatrixProduct.DepthBlock, k - first);
                new Span<float>(sums, m * Pitch).Clear();
                for (int p = first; p < first + depth; p += 2)
                {
                    float* row = b + (p * bRow) + column;
                    bool isPair = p + 1 < first + depth;
                    for (int i = 0; i < m; i += Rows)
                    {
                        if (isPair && m - i >= Rows)
                            AddPair(whole, a + (i * aRow) + p, aRow, row, bRow, sums + (i * Pitch));
                        for (int r = i; r < Math.Min(i + Rows, m); r++)
                            AddRest(isPair && m - i >= Rows ? whole : 0, columns, a + (r * aRow) + p, isPair ? 2 : 1, row, bRow, sums + (r * Pitch));
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
    private static void AddPair(int columns, float* a, nint aRow, float* b, nint bRow, float* sums)
    {
        V a00 = V.Broadcast(a[0]), a01 = V.Broadcast(a[1]), a10 = V.Broadcast(a[aRow]), a11 = V.Broadcast(a[aRow + 1]);
        V a20 = V.Broadcast(a[2 * aRow]), a21 = V.Broadcast(a[(2 * aRow) + 1]), a30 = V.Broadcast(a[3 * aRow]), a31 = V.Broadcast(a[(3 * aRow) + 1]);
        for (int j = 0; j < columns; j += V.Lanes)
        {
            V t = V.Load(b + j), u = V.Load(b + bRow + j);
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

    // What is no pair, no four rows, or no whole register.
    [MethodImpl(KernelLaunch.Hot)]
    private static void AddRest(int from, int columns, float* a, int depth, float* b, nint bRow, float* sums)
    {
        for (int p = 0; p < depth; p++)
        {
            V factor = V.Broadcast(a[p]);
            float* row = b + (p * bRow);
            int j = from;
            for (; j + V.Lanes <= columns; j += V.Lanes)
                V.Store(sums + j, V.MultiplyAdd(factor, V.Load(row + j), V.Load(sums + j)));
            for (; j < columns; j++)
                sums[j] = MathF.FusedMultiplyAdd(a[p], row[j], sums[j]);
        }
    }
}
