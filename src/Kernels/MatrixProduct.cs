using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>Products of matrices in float32, with the same bits on every processor and for every number of threads.</summary>
/// <remarks>
/// Each element is summed over <see cref="DepthBlock"/> products at a time, each block from zero in the order of the depth, and
/// the blocks are added in their order (<see cref="OuterProducts{V}"/> and <see cref="ThinRows{V}"/> too). Only a few rows against a transposed matrix (<see cref="ThinProduct{V}"/>: a fully
/// connected layer on a small batch) are summed differently. Which of the two it is, only the shape decides.
/// </remarks>
public static unsafe class MatrixProduct
{
    internal const int DepthBlock = 256;

    // Blocks that keep the packed right side, and the left rows it meets, within the second cache.
    private const int ColumnBlock = 512;
    private const int RowBlock = 96;

    // With fewer rows packing the right side costs more than it saves, unless no cache holds it: then rows are read in long runs.
    private const int FewestRowsToPack = 48;
    private const long MostFloatsAsStored = 1 << 19;
    private const int FewestColumnsToPack = 128;
    private const int PanelRows = 12;

    /// <summary>c = a·b + bias, row-major.</summary>
    /// <param name="m">Rows of a and c.</param>
    /// <param name="n">Columns of b and c.</param>
    /// <param name="k">Columns of a, rows of b.</param>
    /// <param name="a">[m, k], or [k, m] if <paramref name="aTransposed"/>.</param>
    /// <param name="lda">Floats from a stored row of a to the next.</param>
    /// <param name="aTransposed">Whether a is stored transposed.</param>
    /// <param name="b">[k, n], or [n, k] if <paramref name="bTransposed"/>.</param>
    /// <param name="ldb">Floats from a stored row of b to the next.</param>
    /// <param name="bTransposed">Whether b is stored transposed.</param>
    /// <param name="c">[m, n]; may overlap neither a nor b.</param>
    /// <param name="ldc">Floats from a row of c to the next.</param>
    /// <param name="bias">[n], added to every row; or null.</param>
    public static void Multiply(
        int m, int n, int k, float* a, int lda, bool aTransposed, float* b, int ldb, bool bTransposed, float* c, int ldc, float* bias)
    {
        switch (KernelLaunch.Width)
        {
            case VectorWidth.Avx512:
                Multiply<Vector512Lanes>(m, n, k, a, lda, aTransposed, b, ldb, bTransposed, c, ldc, bias);
                break;
            case VectorWidth.Avx2:
                Multiply<Vector256Lanes>(m, n, k, a, lda, aTransposed, b, ldb, bTransposed, c, ldc, bias);
                break;
            default:
                Multiply<Vector128Lanes>(m, n, k, a, lda, aTransposed, b, ldb, bTransposed, c, ldc, bias);
                break;
        }
    }

    private static void Multiply<V>(
        int m, int n, int k, float* a, int lda, bool aTransposed, float* b, int ldb, bool bTransposed, float* c, int ldc, float* bias)
        where V : struct, IVector<V>
    {
        if (m <= ThinProduct<V>.MostRows && bTransposed && !aTransposed)
        {
            ThreadTeam.Current.For(n, 1 + (GrainProducts / Math.Max(1, m * k)), (begin, end) =>
                ThinProduct<V>.Multiply(m, end - begin, k, a, lda, b + ((long)begin * ldb), ldb, c + begin, ldc, bias == null ? null : bias + begin));
            return;
        }
        if (m <= ThinRows<V>.MostRows && (long)k * n > MostFloatsAsStored && !aTransposed && !bTransposed && bias == null)
        {
            const int strip = ThinRows<V>.ColumnBlock;
            ThreadTeam.Current.For((n + strip - 1) / strip, 1 + (GrainProducts / (m * k) / strip), (begin, end) =>
            {
                int first = begin * strip;
                ThinRows<V>.Multiply(m, Math.Min(end * strip, n) - first, k, a, lda, b + first, ldb, null, c + first, ldc);
            });
            return;
        }
        if (k <= OuterProducts<V>.Most && aTransposed && !bTransposed && bias == null)
        {
            const int strip = 64; // of columns
            ThreadTeam.Current.For((n + strip - 1) / strip, 1 + (GrainProducts / Math.Max(1, m * k) / strip), (begin, end) =>
            {
                int first = begin * strip;
                OuterProducts<V>.Multiply(m, Math.Min(end * strip, n) - first, k, a, lda, b + first, ldb, c + first, ldc);
            });
            return;
        }
        if (n >= m)
        {
            int panel = ProductTiles<V>.PanelColumns;
            int panels = (n + panel - 1) / panel;
            ThreadTeam.Current.For(panels, 1 + (GrainProducts / Math.Max(1, m * k) / panel), (begin, end) =>
            {
                int first = begin * panel;
                float* columns = b + (bTransposed ? (long)first * ldb : first);
                Part<V>(m, Math.Min(end * panel, n) - first, k, a, lda, aTransposed, columns, ldb, bTransposed, c + first, ldc, bias == null ? null : bias + first);
            });
            return;
        }
        int groups = (m + PanelRows - 1) / PanelRows;
        ThreadTeam.Current.For(groups, 1 + (GrainProducts / Math.Max(1, n * k) / PanelRows), (begin, end) =>
        {
            int first = begin * PanelRows;
            float* rows = a + (aTransposed ? first : (long)first * lda);
            Part<V>(Math.Min(end * PanelRows, m) - first, n, k, rows, lda, aTransposed, b, ldb, bTransposed, c + ((long)first * ldc), ldc, bias);
        });
    }

    // Products that are worth a thread.
    internal const int GrainProducts = 1 << 17;

    private static void Part<V>(
        int m, int n, int k, float* a, int lda, bool aTransposed, float* b, int ldb, bool bTransposed, float* c, int ldc, float* bias)
        where V : struct, IVector<V>
    {
        int panelColumns = ProductTiles<V>.PanelColumns;
        for (int i = 0; i < m && (bias != null || k == 0); i++)
        {
            var row = new Span<float>(c + ((long)i * ldc), n);
            if (bias == null)
                row.Clear();
            else
                new ReadOnlySpan<float>(bias, n).CopyTo(row);
        }
        bool packLeft = aTransposed && n >= FewestColumnsToPack;
        int deepest = Math.Min(k, DepthBlock), widest = Math.Min(ColumnBlock, (n + panelColumns - 1) / panelColumns * panelColumns);
        float* packed = Scratch.Get(ScratchUse.Right, (long)deepest * widest);
        float* left = packLeft ? Scratch.Get(ScratchUse.Left, (long)deepest * (RowBlock + PanelRows)) : null;
        for (int column = 0; column < n; column += ColumnBlock)
        {
            int columns = Math.Min(ColumnBlock, n - column);
            for (int p = 0; p < k; p += DepthBlock)
            {
                int depth = Math.Min(DepthBlock, k - p);
                bool add = p > 0 || bias != null;
                float* right = b + (bTransposed ? ((long)column * ldb) + p : ((long)p * ldb) + column);
                // Whole panels of a row-major b can be read where they lie.
                int asStored = bTransposed || m >= FewestRowsToPack || (long)k * n > MostFloatsAsStored ? 0 : columns / panelColumns * panelColumns;
                PackPanels(right + (bTransposed ? (long)asStored * ldb : asStored), ldb, bTransposed, depth, columns - asStored, panelColumns, packed);
                for (int row = 0; row < m; row += RowBlock)
                {
                    int rows = Math.Min(RowBlock, m - row);
                    float* above = a + (aTransposed ? ((long)p * lda) + row : ((long)row * lda) + p);
                    float* target = c + ((long)row * ldc) + column;
                    if (packLeft)
                        PackRows(above, lda, depth, rows, left);
                    for (int j = 0; j < columns; j += panelColumns)
                    {
                        float* panel = j < asStored ? right + j : packed + ((long)(j - asStored) * depth);
                        nint step = j < asStored ? ldb : panelColumns;
                        int width = Math.Min(panelColumns, columns - j);
                        if (packLeft)
                            for (int r = 0; r < rows; r += PanelRows)
                                ProductTiles<V>.Multiply(
                                    Math.Min(PanelRows, rows - r), width, depth, left + ((long)r * depth), 1, PanelRows, panel, step, target + ((long)r * ldc) + j, ldc, add);
                        else
                            ProductTiles<V>.Multiply(
                                rows, width, depth, above, aTransposed ? 1 : lda, aTransposed ? lda : 1, panel, step, target + j, ldc, add);
                    }
                }
            }
        }
    }

    // Panels [depth][panelColumns] of b's columns, zeros beyond the last.
    private static void PackPanels(float* b, int ldb, bool transposed, int depth, int columns, int panelColumns, float* packed)
    {
        nint panel = (nint)depth * panelColumns;
        int ragged = columns % panelColumns;
        if (ragged > 0)
            new Span<float>(packed + (columns / panelColumns * panel), (int)panel).Clear();
        if (transposed)
        {
            for (int j = 0; j < columns; j += 16)
                for (int p = 0; p < depth; p += 16)
                    Transpose.Block(
                        b + ((long)j * ldb) + p, ldb, Math.Min(16, columns - j), Math.Min(16, depth - p),
                        packed + (j / panelColumns * panel) + ((nint)p * panelColumns) + (j % panelColumns), panelColumns);
            return;
        }
        uint whole = (uint)panelColumns * sizeof(float);
        for (int p = 0; p < depth; p++)
        {
            float* row = b + ((long)p * ldb), target = packed + ((nint)p * panelColumns);
            for (int j = 0; j + panelColumns <= columns; j += panelColumns, row += panelColumns, target += panel)
                Unsafe.CopyBlockUnaligned(target, row, whole);
            Unsafe.CopyBlockUnaligned(target, row, (uint)ragged * sizeof(float));
        }
    }

    // Panels [depth][12] of the rows of a transposed a; what lies beyond the last row is never read.
    private static void PackRows(float* a, int lda, int depth, int rows, float* packed)
    {
        for (int r = 0; r < rows; r += PanelRows, packed += (long)depth * PanelRows)
        {
            uint bytes = (uint)Math.Min(PanelRows, rows - r) * sizeof(float);
            for (int p = 0; p < depth; p++)
                Unsafe.CopyBlockUnaligned(packed + ((long)p * PanelRows), a + ((long)p * lda) + r, bytes);
        }
    }
}
