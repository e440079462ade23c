using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Atelier.Kernels;

/// <summary>
/// Second moments of features, Xᵀ·X in float64: what Fréchet distances are made of (Heusel et al. 2017). Half of a matrix product,
/// since the result is symmetric.
/// </summary>
/// <remarks>
/// An element is the sum over the rows in their order, blocks of them from zero: its bits depend neither on the threads nor on the
/// processor. Four doubles at a time everywhere; a register of eight would leave the bits as they are.
/// </remarks>
public static unsafe class Gram
{
    /// <summary>Columns in a panel: three registers.</summary>
    private const int Panel = 12;

    /// <summary>Rows of X in a block: two panels of them lie in the first-level cache.</summary>
    private const int Block = 128;

    /// <summary>Rows of a tile that one pass over a block sums in registers.</summary>
    private const int TileRows = 4;

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
        int panels = (columns + Panel - 1) / Panel;
        double* packed = (double*)Scratch.Get(ScratchUse.Left, 2L * panels * Panel * Block);
        // The tiles on and above the diagonal, each [12, 12], column after column of them: rows of the result lie a page apart.
        double* tiles = (double*)Scratch.Get(ScratchUse.Product, 2 * TileAt(panels, 0));
        for (int panel = 0; panel < panels; panel++)
            new Span<double>(tiles + TileAt(panel, 0), (panel + 1) * Panel * Panel).Clear();
        for (int first = 0; first < rows; first += Block)
        {
            int count = Math.Min(Block, rows - first);
            T* block = x + ((long)first * columns);
            ThreadTeam.Current.For(panels, 8, (begin, end) => Pack(block, count, columns, packed, begin, end));
            // Column p has p + 1 tiles: first and last together make shares alike.
            ThreadTeam.Current.For((panels + 1) / 2, 1, (begin, end) =>
            {
                for (int p = begin; p < end; p++)
                {
                    AddColumn(packed, count, p, tiles);
                    if (panels - 1 - p > p)
                        AddColumn(packed, count, panels - 1 - p, tiles);
                }
            });
        }
        ThreadTeam.Current.For(panels, 8, (begin, end) => Unpack(tiles, columns, result, begin, end));
    }

    /// <summary>Where a tile begins: those of the columns before it come first.</summary>
    private static long TileAt(int column, int row) => ((column * (column + 1L) / 2) + row) * Panel * Panel;

    /// <summary>Panels of a block of rows, [panel, row, column of the panel], zeros behind the last column.</summary>
    private static void Pack<T>(T* block, int count, int columns, double* packed, int begin, int end)
        where T : unmanaged
    {
        for (int panel = begin; panel < end; panel++)
        {
            double* target = packed + ((long)panel * Panel * Block);
            int first = panel * Panel, width = Math.Min(Panel, columns - first);
            for (int row = 0; row < count; row++, target += Panel)
            {
                T* source = block + ((long)row * columns) + first;
                for (int k = 0; k < width; k++)
                    target[k] = typeof(T) == typeof(float) ? *(float*)(source + k) : *(double*)(source + k);
                for (int k = width; k < Panel; k++)
                    target[k] = 0;
            }
        }
    }

    /// <summary>Adds a block's part to a column of tiles.</summary>
    private static void AddColumn(double* packed, int count, int column, double* tiles)
    {
        double* right = packed + ((long)column * Panel * Block);
        for (int row = 0; row <= column; row++)
        {
            double* left = packed + ((long)row * Panel * Block), tile = tiles + TileAt(column, row);
            for (int first = 0; first < Panel; first += TileRows)
                AddRows(left + first, right, count, tile + (first * Panel));
        }
    }

    /// <summary>rows[r, c] += Σ over a block of left[·, r]·right[·, c], 4 by 12 of them in registers.</summary>
    [MethodImpl(KernelLaunch.Hot)]
    private static void AddRows(double* left, double* right, int count, double* rows)
    {
        Vector256<double> a0 = default, a1 = default, a2 = default, b0 = default, b1 = default, b2 = default;
        Vector256<double> c0 = default, c1 = default, c2 = default, d0 = default, d1 = default, d2 = default;
        for (int k = 0; k < count; k++, left += Panel, right += Panel)
        {
            Vector256<double> r0 = Vector256.Load(right), r1 = Vector256.Load(right + 4), r2 = Vector256.Load(right + 8);
            var a = Vector256.Create(left[0]);
            a0 = Vector256.FusedMultiplyAdd(a, r0, a0);
            a1 = Vector256.FusedMultiplyAdd(a, r1, a1);
            a2 = Vector256.FusedMultiplyAdd(a, r2, a2);
            var b = Vector256.Create(left[1]);
            b0 = Vector256.FusedMultiplyAdd(b, r0, b0);
            b1 = Vector256.FusedMultiplyAdd(b, r1, b1);
            b2 = Vector256.FusedMultiplyAdd(b, r2, b2);
            var c = Vector256.Create(left[2]);
            c0 = Vector256.FusedMultiplyAdd(c, r0, c0);
            c1 = Vector256.FusedMultiplyAdd(c, r1, c1);
            c2 = Vector256.FusedMultiplyAdd(c, r2, c2);
            var d = Vector256.Create(left[3]);
            d0 = Vector256.FusedMultiplyAdd(d, r0, d0);
            d1 = Vector256.FusedMultiplyAdd(d, r1, d1);
            d2 = Vector256.FusedMultiplyAdd(d, r2, d2);
        }
        AddRow(rows, a0, a1, a2);
        AddRow(rows + Panel, b0, b1, b2);
        AddRow(rows + (2 * Panel), c0, c1, c2);
        AddRow(rows + (3 * Panel), d0, d1, d2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddRow(double* row, Vector256<double> first, Vector256<double> second, Vector256<double> third)
    {
        (Vector256.Load(row) + first).Store(row);
        (Vector256.Load(row + 4) + second).Store(row + 4);
        (Vector256.Load(row + 8) + third).Store(row + 8);
    }

    /// <summary>Panels of rows of the result from the tiles, those below the diagonal mirrored.</summary>
    private static void Unpack(double* tiles, int columns, double* result, int begin, int end)
    {
        for (int panel = begin; panel < end; panel++)
        {
            for (int row = panel * Panel; row < Math.Min((panel + 1) * Panel, columns); row++)
            {
                double* target = result + ((long)row * columns);
                int inside = row % Panel;
                for (int other = 0; other * Panel < columns; other++)
                {
                    int width = Math.Min(Panel, columns - (other * Panel));
                    if (other >= panel)
                    {
                        new Span<double>(tiles + TileAt(other, panel) + (inside * Panel), width).CopyTo(new(target + (other * Panel), width));
                        continue;
                    }
                    double* mirrored = tiles + TileAt(panel, other) + inside;
                    for (int k = 0; k < width; k++)
                        target[(other * Panel) + k] = mirrored[k * Panel];
                }
            }
        }
    }
}
