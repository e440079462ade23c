using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>
/// A few rows times a transposed matrix: dot products that read the matrix once, as it is stored. Each is summed in 16 lanes,
/// lane l the products at l, l + 16, …, and folded in the order of <see cref="Vectors.Fold"/>.
/// </summary>
internal static unsafe class ThinProduct<V>
    where V : struct, IVector<V>
{
    public const int MostRows = 8;

    private const int Lanes = Vectors.VirtualLanes;
    private const int Rows = 4;
    private const int Columns = 16;

    /// <summary>c[i][j] = Σₚ a[i][p]·b[j][p] + bias[j]; strides in floats, bias null for none.</summary>
    [SkipLocalsInit]
    public static void Multiply(int m, int n, int k, float* a, nint aRow, float* b, nint bRow, float* c, nint cRow, float* bias)
    {
        int whole = k / Lanes * Lanes;
        float* sums = stackalloc float[MostRows * Columns * Lanes], folded = stackalloc float[Columns];
        for (int j = 0; j < n; j += Columns)
        {
            int columns = Math.Min(Columns, n - j);
            for (int q = 0; q < columns; q++)
            {
                float* row = b + ((j + q) * bRow);
                for (int i = 0; i < m; i += Rows)
                {
                    // A row that is missing is computed as the last one again, and not read.
                    float* first = a + (i * aRow);
                    nint last = Math.Min(Rows - 1, m - 1 - i) * aRow;
                    Dot4(first, first + Math.Min(aRow, last), first + Math.Min(2 * aRow, last), first + last, row, whole, sums + (((i * Columns) + q) * Lanes));
                }
                for (int i = 0; i < m && whole < k; i++)
                    AddTail(a + (i * aRow) + whole, row + whole, k - whole, sums + (((i * Columns) + q) * Lanes));
            }
            for (int i = 0; i < m; i++)
            {
                Fold(sums + (i * Columns * Lanes), folded);
                float* target = c + (i * cRow) + j;
                for (int q = 0; q < columns; q++)
                    target[q] = bias == null ? folded[q] : folded[q] + bias[j + q];
            }
        }
    }

    // Sixteen dot products at once, in the order of Vectors.Fold: transposed, their lanes are rows. Columns that do not exist
    // are folded too.
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Fold(float* sums, float* folded)
    {
        float* lanes = stackalloc float[Lanes * Columns];
        Transpose.Block(sums, Lanes, Columns, Lanes, lanes, Columns);
        for (int half = Lanes / 2; half > 0; half /= 2)
            for (int i = 0; i < half * Columns; i += V.Lanes)
                V.Store(lanes + i, V.Add(V.Load(lanes + i), V.Load(lanes + (half * Columns) + i)));
        new ReadOnlySpan<float>(lanes, Columns).CopyTo(new Span<float>(folded, Columns));
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Dot4(float* a0, float* a1, float* a2, float* a3, float* b, int count, float* sums)
    {
        // Narrow registers take the 16 lanes in turns.
        int turn = Math.Min(2 * V.Lanes, Lanes);
        for (int lane = 0; lane < Lanes; lane += turn)
        {
            V s00 = V.Broadcast(0), s10 = s00, s20 = s00, s30 = s00, s01 = s00, s11 = s00, s21 = s00, s31 = s00;
            for (int p = lane; p < count; p += Lanes)
            {
                V t = V.Load(b + p);
                s00 = V.MultiplyAdd(V.Load(a0 + p), t, s00);
                s10 = V.MultiplyAdd(V.Load(a1 + p), t, s10);
                s20 = V.MultiplyAdd(V.Load(a2 + p), t, s20);
                s30 = V.MultiplyAdd(V.Load(a3 + p), t, s30);
                if (V.Lanes < Lanes)
                {
                    int q = p + V.Lanes;
                    t = V.Load(b + q);
                    s01 = V.MultiplyAdd(V.Load(a0 + q), t, s01);
                    s11 = V.MultiplyAdd(V.Load(a1 + q), t, s11);
                    s21 = V.MultiplyAdd(V.Load(a2 + q), t, s21);
                    s31 = V.MultiplyAdd(V.Load(a3 + q), t, s31);
                }
            }
            float* target = sums + lane;
            V.Store(target, s00);
            V.Store(target + (Columns * Lanes), s10);
            V.Store(target + (2 * Columns * Lanes), s20);
            V.Store(target + (3 * Columns * Lanes), s30);
            if (V.Lanes < Lanes)
            {
                target += V.Lanes;
                V.Store(target, s01);
                V.Store(target + (Columns * Lanes), s11);
                V.Store(target + (2 * Columns * Lanes), s21);
                V.Store(target + (3 * Columns * Lanes), s31);
            }
        }
    }

    private static void AddTail(float* a, float* b, int count, float* sums)
    {
        for (int lane = 0; lane < count; lane++)
            sums[lane] = MathF.FusedMultiplyAdd(a[lane], b[lane], sums[lane]);
    }
}
