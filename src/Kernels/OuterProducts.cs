using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>
/// A sum of a few outer products, as the gradient of a fully connected layer's weight is for a small batch: nothing is packed,
/// and the result is written once. Each element has the bits that the general product would give it.
/// </summary>
internal static unsafe class OuterProducts<V>
    where V : struct, IVector<V>
{
    /// <summary>With more of them the general product, which packs, is faster.</summary>
    public const int Most = 16;

    // Columns of b that stay in the first cache while all rows meet them.
    private const int ColumnBlock = 256;
    private const int Rows = 4;

    /// <summary>c[i][j] = Σₚ a[p][i]·b[p][j], in the order of p; strides in floats.</summary>
    public static void Multiply(int m, int n, int k, float* a, nint aRow, float* b, nint bRow, float* c, nint cRow)
    {
        for (int column = 0; column < n; column += ColumnBlock)
        {
            int columns = Math.Min(ColumnBlock, n - column), whole = columns / V.Lanes * V.Lanes;
            for (int row = 0; row < m; row += Rows)
            {
                int rows = Math.Min(Rows, m - row);
                float* target = c + (row * cRow) + column;
                if (rows == Rows)
                    Four(whole, k, a + row, aRow, b + column, bRow, target, cRow);
                for (int r = 0; r < rows; r++)
                {
                    if (rows < Rows)
                        One(whole, k, a + row + r, aRow, b + column, bRow, target + (r * cRow));
                    for (int j = whole; j < columns; j++)
                    {
                        float sum = 0;
                        for (int p = 0; p < k; p++)
                            sum = MathF.FusedMultiplyAdd(a[(p * aRow) + row + r], b[(p * bRow) + column + j], sum);
                        target[(r * cRow) + j] = sum;
                    }
                }
            }
        }
    }

    [MethodImpl(KernelLaunch.Hot)]
    private static void One(int columns, int k, float* a, nint aRow, float* b, nint bRow, float* c)
    {
        for (int j = 0; j < columns; j += V.Lanes)
        {
            V sum = V.Broadcast(0);
            for (int p = 0; p < k; p++)
                sum = V.MultiplyAdd(V.Broadcast(a[p * aRow]), V.Load(b + (p * bRow) + j), sum);
            V.Store(c + j, sum);
        }
    }

    [MethodImpl(KernelLaunch.Hot)]
    private static void Four(int columns, int k, float* a, nint aRow, float* b, nint bRow, float* c, nint cRow)
    {
        for (int j = 0; j < columns; j += V.Lanes)
        {
            V s0 = V.Broadcast(0), s1 = s0, s2 = s0, s3 = s0;
            float* left = a, right = b + j;
            for (int p = 0; p < k; p++, left += aRow, right += bRow)
            {
                V t = V.Load(right);
                s0 = V.MultiplyAdd(V.Broadcast(left[0]), t, s0);
                s1 = V.MultiplyAdd(V.Broadcast(left[1]), t, s1);
                s2 = V.MultiplyAdd(V.Broadcast(left[2]), t, s2);
                s3 = V.MultiplyAdd(V.Broadcast(left[3]), t, s3);
            }
            float* target = c + j;
            V.Store(target, s0);
            V.Store(target + cRow, s1);
            V.Store(target + (2 * cRow), s2);
            V.Store(target + (3 * cRow), s3);
        }
    }
}
