using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Atelier.Kernels;

/// <summary>
/// Second moments of features, Xᵀ·X in float64: what Fréchet distances are made of (Heusel et al. 2017). Half of a matrix product,
/// since the result is symmetric.
/// </summary>
/// <remarks>
/// An element is the sum over the rows in their order, blocks of them from zero: its bits depend neither on the threads nor on the
/// processor, nor on the width of the registers.
/// </remarks>
public static unsafe class Gram
{
    /// <summary>Rows of X in a block: two panels of them lie in the first-level cache, or nearly.</summary>
    private const int Block = 128;

    /// <summary>Rows that are packed at once: the fewer times tiles of the result come from memory and go there.</summary>
    private const int Chunk = 4 * Block;

    /// <summary>Xᵀ·X, symmetric to the last bit.</summary>
    /// <param name="rows">N.</param>
    /// <param name="columns">D.</param>
    /// <param name="x">[N, D].</param>
    /// <param name="result">[D, D], overwritten.</param>
    public static void Compute(int rows, int columns, float* x, double* result) => ComputeOf(rows, columns, x, result);

    /// <inheritdoc cref="Compute(int, int, float*, double*)"/>
    public static void Compute(int rows, int columns, double* x, double* result) => ComputeOf(rows, columns, x, result);

    private static void ComputeOf<T>(int rows, int columns, T* x, double* result)
        where T : unmanaged
    {
        // Columns of three registers, of eight numbers or of four.
        int panel = KernelLaunch.Width == VectorWidth.Avx512 ? WideTile.Columns : NarrowTile.Columns;
        int panels = (columns + panel - 1) / panel;
        double* packed = (double*)Scratch.Get(ScratchUse.Left, 2L * panels * panel * Chunk);
        // The tiles on and above the diagonal, each as wide as high, column after column of them: rows of the result lie a page apart.
        double* tiles = (double*)Scratch.Get(ScratchUse.Product, 2 * TileAt(panel, panels, 0));
        for (int p = 0; p < panels; p++)
            new Span<double>(tiles + TileAt(panel, p, 0), (p + 1) * panel * panel).Clear();
        for (int first = 0; first < rows; first += Chunk)
        {
            int count = Math.Min(Chunk, rows - first);
            T* chunk = x + ((long)first * columns);
            ThreadTeam.Current.For(panels, 8, (begin, end) => Pack(chunk, count, columns, panel, packed, begin, end));
            // Column p has p + 1 tiles: first and last together make shares alike.
            ThreadTeam.Current.For((panels + 1) / 2, 1, (begin, end) =>
            {
                for (int p = begin; p < end; p++)
                {
                    AddColumn(packed, count, panel, p, tiles);
                    if (panels - 1 - p > p)
                        AddColumn(packed, count, panel, panels - 1 - p, tiles);
                }
            });
        }
        ThreadTeam.Current.For(panels, 8, (begin, end) => Unpack(tiles, columns, panel, result, begin, end));
    }

    /// <summary>Where a tile begins: those of the columns before it come first.</summary>
    private static long TileAt(int panel, int column, int row) => ((column * (column + 1L) / 2) + row) * panel * panel;

    /// <summary>Panels of a chunk of rows, [panel, row, column of the panel], zeros behind the last column.</summary>
    private static void Pack<T>(T* chunk, int count, int columns, int panel, double* packed, int begin, int end)
        where T : unmanaged
    {
        for (int p = begin; p < end; p++)
        {
            double* target = packed + ((long)p * panel * Chunk);
            int first = p * panel, width = Math.Min(panel, columns - first);
            for (int row = 0; row < count; row++, target += panel)
            {
                T* source = chunk + ((long)row * columns) + first;
                for (int k = 0; k < width; k++)
                    target[k] = typeof(T) == typeof(float) ? *(float*)(source + k) : *(double*)(source + k);
                for (int k = width; k < panel; k++)
                    target[k] = 0;
            }
        }
    }

    /// <summary>Adds a chunk's part, block after block, to a column of tiles.</summary>
    private static void AddColumn(double* packed, int count, int panel, int column, double* tiles)
    {
        for (int row = 0; row <= column; row++)
        {
            double* left = packed + ((long)row * panel * Chunk), right = packed + ((long)column * panel * Chunk), tile = tiles + TileAt(panel, column, row);
            for (int done = 0; done < count; done += Block, left += Block * panel, right += Block * panel)
            {
                int block = Math.Min(Block, count - done);
                if (panel == WideTile.Columns)
                    for (int first = 0; first < panel; first += WideTile.Rows)
                        WideTile.Add(left + first, right, block, tile + (first * panel));
                else
                    for (int first = 0; first < panel; first += NarrowTile.Rows)
                        NarrowTile.Add(left + first, right, block, tile + (first * panel));
            }
        }
    }

    /// <summary>Panels of rows of the result from the tiles, those below the diagonal mirrored.</summary>
    private static void Unpack(double* tiles, int columns, int panel, double* result, int begin, int end)
    {
        for (int p = begin; p < end; p++)
        {
            for (int row = p * panel; row < Math.Min((p + 1) * panel, columns); row++)
            {
                double* target = result + ((long)row * columns);
                int inside = row % panel;
                for (int other = 0; other * panel < columns; other++)
                {
                    int width = Math.Min(panel, columns - (other * panel));
                    if (other >= p)
                    {
                        new Span<double>(tiles + TileAt(panel, other, p) + (inside * panel), width).CopyTo(new(target + (other * panel), width));
                        continue;
                    }
                    double* mirrored = tiles + TileAt(panel, p, other) + inside;
                    for (int k = 0; k < width; k++)
                        target[(other * panel) + k] = mirrored[k * panel];
                }
            }
        }
    }

    /// <summary>rows[r, c] += Σ over a block of left[·, r]·right[·, c], 4 by 12 of them in registers of four numbers.</summary>
    private static class NarrowTile
    {
        public const int Columns = 12;
        public const int Rows = 4;

        [MethodImpl(KernelLaunch.Hot)]
        public static void Add(double* left, double* right, int count, double* rows)
        {
            Vector256<double> a0 = default, a1 = default, a2 = default;
            Vector256<double> b0 = default, b1 = default, b2 = default;
            Vector256<double> c0 = default, c1 = default, c2 = default;
            Vector256<double> d0 = default, d1 = default, d2 = default;
            for (int k = 0; k < count; k++, left += Columns, right += Columns)
            {
                Vector256<double> r0 = Vector256.Load(right), r1 = Vector256.Load(right + 4), r2 = Vector256.Load(right + 8);
                Multiply(Vector256.Create(left[0]), r0, r1, r2, ref a0, ref a1, ref a2);
                Multiply(Vector256.Create(left[1]), r0, r1, r2, ref b0, ref b1, ref b2);
                Multiply(Vector256.Create(left[2]), r0, r1, r2, ref c0, ref c1, ref c2);
                Multiply(Vector256.Create(left[3]), r0, r1, r2, ref d0, ref d1, ref d2);
            }
            Store(rows, a0, a1, a2);
            Store(rows + Columns, b0, b1, b2);
            Store(rows + (2 * Columns), c0, c1, c2);
            Store(rows + (3 * Columns), d0, d1, d2);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Multiply(Vector256<double> factor, Vector256<double> r0, Vector256<double> r1, Vector256<double> r2, ref Vector256<double> sum0, ref Vector256<double> sum1, ref Vector256<double> sum2)
        {
            sum0 = Vector256.FusedMultiplyAdd(factor, r0, sum0);
            sum1 = Vector256.FusedMultiplyAdd(factor, r1, sum1);
            sum2 = Vector256.FusedMultiplyAdd(factor, r2, sum2);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Store(double* row, Vector256<double> first, Vector256<double> second, Vector256<double> third)
        {
            (Vector256.Load(row) + first).Store(row);
            (Vector256.Load(row + 4) + second).Store(row + 4);
            (Vector256.Load(row + 8) + third).Store(row + 8);
        }
    }

    /// <summary>The same, 8 by 24 of them in registers of eight.</summary>
    private static class WideTile
    {
        public const int Columns = 24;
        public const int Rows = 8;

        [MethodImpl(KernelLaunch.Hot)]
        public static void Add(double* left, double* right, int count, double* rows)
        {
            Vector512<double> a0 = default, a1 = default, a2 = default;
            Vector512<double> b0 = default, b1 = default, b2 = default;
            Vector512<double> c0 = default, c1 = default, c2 = default;
            Vector512<double> d0 = default, d1 = default, d2 = default;
            Vector512<double> e0 = default, e1 = default, e2 = default;
            Vector512<double> f0 = default, f1 = default, f2 = default;
            Vector512<double> g0 = default, g1 = default, g2 = default;
            Vector512<double> h0 = default, h1 = default, h2 = default;
            for (int k = 0; k < count; k++, left += Columns, right += Columns)
            {
                Vector512<double> r0 = Vector512.Load(right), r1 = Vector512.Load(right + 8), r2 = Vector512.Load(right + 16);
                Multiply(Vector512.Create(left[0]), r0, r1, r2, ref a0, ref a1, ref a2);
                Multiply(Vector512.Create(left[1]), r0, r1, r2, ref b0, ref b1, ref b2);
                Multiply(Vector512.Create(left[2]), r0, r1, r2, ref c0, ref c1, ref c2);
                Multiply(Vector512.Create(left[3]), r0, r1, r2, ref d0, ref d1, ref d2);
                Multiply(Vector512.Create(left[4]), r0, r1, r2, ref e0, ref e1, ref e2);
                Multiply(Vector512.Create(left[5]), r0, r1, r2, ref f0, ref f1, ref f2);
                Multiply(Vector512.Create(left[6]), r0, r1, r2, ref g0, ref g1, ref g2);
                Multiply(Vector512.Create(left[7]), r0, r1, r2, ref h0, ref h1, ref h2);
            }
            Store(rows, a0, a1, a2);
            Store(rows + Columns, b0, b1, b2);
            Store(rows + (2 * Columns), c0, c1, c2);
            Store(rows + (3 * Columns), d0, d1, d2);
            Store(rows + (4 * Columns), e0, e1, e2);
            Store(rows + (5 * Columns), f0, f1, f2);
            Store(rows + (6 * Columns), g0, g1, g2);
            Store(rows + (7 * Columns), h0, h1, h2);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Multiply(Vector512<double> factor, Vector512<double> r0, Vector512<double> r1, Vector512<double> r2, ref Vector512<double> sum0, ref Vector512<double> sum1, ref Vector512<double> sum2)
        {
            sum0 = Vector512.FusedMultiplyAdd(factor, r0, sum0);
            sum1 = Vector512.FusedMultiplyAdd(factor, r1, sum1);
            sum2 = Vector512.FusedMultiplyAdd(factor, r2, sum2);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Store(double* row, Vector512<double> first, Vector512<double> second, Vector512<double> third)
        {
            (Vector512.Load(row) + first).Store(row);
            (Vector512.Load(row + 8) + second).Store(row + 8);
            (Vector512.Load(row + 16) + third).Store(row + 16);
        }
    }
}
