using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>Rows of a tile as a type, so that the JIT makes one body per number.</summary>
internal interface IRows
{
    static abstract int Count { get; }
}

/// <summary>How a row of the left matrix lies in memory, as a type likewise.</summary>
internal interface IDepthSteps
{
    /// <summary>Whether each element has an offset of its own, instead of one step from each to the next.</summary>
    static abstract bool AreListed { get; }
}

/// <summary>
/// The inner loop of every matrix product: a tile of a few rows by two registers stays in the register file while the depth
/// passes. Each element is one chain of fused multiply-adds in the order of the depth, so its bits depend neither on the shape
/// of the tile nor on the width of the registers.
/// </summary>
internal static unsafe class ProductTile<V, TRows, TSteps>
    where V : struct, IVector<V>
    where TRows : struct, IRows
    where TSteps : struct, IDepthSteps
{
    /// <summary>c[r][j] (+)= Σₚ a[r][p]·b[p][j] for the rows of <typeparamref name="TRows"/> and two registers of columns.</summary>
    /// <param name="a">Element (r, p) lies at r·<paramref name="aRow"/> + p·<paramref name="aStep"/> bytes.</param>
    /// <param name="aRow">Bytes.</param>
    /// <param name="aStep">Bytes.</param>
    /// <param name="aOffsets">[depth], bytes, in place of p·<paramref name="aStep"/> where steps are listed.</param>
    /// <param name="b">Row p lies at p·<paramref name="bStep"/> bytes.</param>
    /// <param name="bStep">Bytes.</param>
    /// <param name="c">Row r lies at r·<paramref name="cRow"/> bytes.</param>
    /// <param name="cRow">Bytes.</param>
    /// <param name="depth">Products in a sum.</param>
    /// <param name="add">Whether the sums are added to what c holds.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Multiply(byte* a, nint aRow, nint aStep, int* aOffsets, byte* b, nint bStep, byte* c, nint cRow, nint depth, bool add)
    {
        // Named sums, because an array of them would live in memory. Rows that a tile lacks vanish with their branches.
        V s00 = V.Broadcast(0), s01 = s00;
        V s10 = V.Broadcast(0), s11 = s10;
        V s20 = V.Broadcast(0), s21 = s20;
        V s30 = V.Broadcast(0), s31 = s30;
        V s40 = V.Broadcast(0), s41 = s40;
        V s50 = V.Broadcast(0), s51 = s50;
        V s60 = V.Broadcast(0), s61 = s60;
        V s70 = V.Broadcast(0), s71 = s70;
        V s80 = V.Broadcast(0), s81 = s80;
        V s90 = V.Broadcast(0), s91 = s90;
        V sA0 = V.Broadcast(0), sA1 = sA0;
        V sB0 = V.Broadcast(0), sB1 = sB0;
        nint three = 3 * aRow;
        byte* origin = a, a3 = a + three, a6 = a3 + three, a9 = a6 + three;
        byte* second = b + (V.Lanes * sizeof(float));
        for (nint p = depth; p > 0; p--)
        {
            if (TSteps.AreListed)
            {
                a = origin + *aOffsets++;
                a3 = a + three;
                if (TRows.Count > 6) a6 = a3 + three;
                if (TRows.Count > 9) a9 = a6 + three;
            }
            V b0 = V.Load((float*)b), b1 = V.Load((float*)second), t;
            t = V.Broadcast(*(float*)(a)); s00 = V.MultiplyAdd(t, b0, s00); s01 = V.MultiplyAdd(t, b1, s01);
            if (TRows.Count > 1) { t = V.Broadcast(*(float*)(a + aRow)); s10 = V.MultiplyAdd(t, b0, s10); s11 = V.MultiplyAdd(t, b1, s11); }
            if (TRows.Count > 2) { t = V.Broadcast(*(float*)(a + (2 * aRow))); s20 = V.MultiplyAdd(t, b0, s20); s21 = V.MultiplyAdd(t, b1, s21); }
            if (TRows.Count > 3) { t = V.Broadcast(*(float*)(a3)); s30 = V.MultiplyAdd(t, b0, s30); s31 = V.MultiplyAdd(t, b1, s31); }
            if (TRows.Count > 4) { t = V.Broadcast(*(float*)(a3 + aRow)); s40 = V.MultiplyAdd(t, b0, s40); s41 = V.MultiplyAdd(t, b1, s41); }
            if (TRows.Count > 5) { t = V.Broadcast(*(float*)(a3 + (2 * aRow))); s50 = V.MultiplyAdd(t, b0, s50); s51 = V.MultiplyAdd(t, b1, s51); }
            if (TRows.Count > 6) { t = V.Broadcast(*(float*)(a6)); s60 = V.MultiplyAdd(t, b0, s60); s61 = V.MultiplyAdd(t, b1, s61); }
            if (TRows.Count > 7) { t = V.Broadcast(*(float*)(a6 + aRow)); s70 = V.MultiplyAdd(t, b0, s70); s71 = V.MultiplyAdd(t, b1, s71); }
            if (TRows.Count > 8) { t = V.Broadcast(*(float*)(a6 + (2 * aRow))); s80 = V.MultiplyAdd(t, b0, s80); s81 = V.MultiplyAdd(t, b1, s81); }
            if (TRows.Count > 9) { t = V.Broadcast(*(float*)(a9)); s90 = V.MultiplyAdd(t, b0, s90); s91 = V.MultiplyAdd(t, b1, s91); }
            if (TRows.Count > 10) { t = V.Broadcast(*(float*)(a9 + aRow)); sA0 = V.MultiplyAdd(t, b0, sA0); sA1 = V.MultiplyAdd(t, b1, sA1); }
            if (TRows.Count > 11) { t = V.Broadcast(*(float*)(a9 + (2 * aRow))); sB0 = V.MultiplyAdd(t, b0, sB0); sB1 = V.MultiplyAdd(t, b1, sB1); }
            if (!TSteps.AreListed)
            {
                a += aStep;
                if (TRows.Count > 3) a3 += aStep;
                if (TRows.Count > 6) a6 += aStep;
                if (TRows.Count > 9) a9 += aStep;
            }
            b += bStep;
            second += bStep;
        }
        Finish((float*)c, s00, s01, add);
        if (TRows.Count > 1) Finish((float*)(c + (1 * cRow)), s10, s11, add);
        if (TRows.Count > 2) Finish((float*)(c + (2 * cRow)), s20, s21, add);
        if (TRows.Count > 3) Finish((float*)(c + (3 * cRow)), s30, s31, add);
        if (TRows.Count > 4) Finish((float*)(c + (4 * cRow)), s40, s41, add);
        if (TRows.Count > 5) Finish((float*)(c + (5 * cRow)), s50, s51, add);
        if (TRows.Count > 6) Finish((float*)(c + (6 * cRow)), s60, s61, add);
        if (TRows.Count > 7) Finish((float*)(c + (7 * cRow)), s70, s71, add);
        if (TRows.Count > 8) Finish((float*)(c + (8 * cRow)), s80, s81, add);
        if (TRows.Count > 9) Finish((float*)(c + (9 * cRow)), s90, s91, add);
        if (TRows.Count > 10) Finish((float*)(c + (10 * cRow)), sA0, sA1, add);
        if (TRows.Count > 11) Finish((float*)(c + (11 * cRow)), sB0, sB1, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(float* c, V first, V second, bool add)
    {
        if (add)
        {
            first = V.Add(V.Load(c), first);
            second = V.Add(V.Load(c + V.Lanes), second);
        }
        V.Store(c, first);
        V.Store(c + V.Lanes, second);
    }
}

/// <summary>Products of any number of rows and columns, made of tiles.</summary>
internal static unsafe class ProductTiles<V>
    where V : struct, IVector<V>
{
    private const int MostRows = 12;

    /// <summary>Columns of a packed panel of b: two registers, at least the 16 of a transposed block.</summary>
    public static int PanelColumns
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Math.Max(2 * V.Lanes, Vectors.VirtualLanes);
    }

    /// <summary>
    /// c[r][j] (+)= Σₚ a[r][p]·b[p][j]. Reads whole registers of b beyond <paramref name="columns"/>, up to the next multiple of
    /// <see cref="PanelColumns"/> or of two registers; writes none of c there.
    /// </summary>
    /// <remarks>Strides in floats, otherwise as in <see cref="ProductTile{V, TRows, TSteps}.Multiply"/>.</remarks>
    [MethodImpl(KernelLaunch.Hot)]
    public static void Multiply(
        int rows, int columns, int depth, float* a, nint aRow, nint aStep, float* b, nint bStep, float* c, nint cRow, bool add) =>
        Multiply<EvenSteps>(rows, columns, depth, a, aRow, aStep, null, b, bStep, c, cRow, add);

    /// <summary>The same with a list of offsets, in bytes, for the elements of a row of a.</summary>
    [MethodImpl(KernelLaunch.Hot)]
    public static void Multiply(
        int rows, int columns, int depth, float* a, nint aRow, int* aOffsets, float* b, nint bStep, float* c, nint cRow, bool add) =>
        Multiply<ListedSteps>(rows, columns, depth, a, aRow, 0, aOffsets, b, bStep, c, cRow, add);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply<TSteps>(
        int rows, int columns, int depth, float* a, nint aRow, nint aStep, int* aOffsets, float* b, nint bStep, float* c, nint cRow, bool add)
        where TSteps : struct, IDepthSteps
    {
        int wide = 2 * V.Lanes, j = 0;
        for (; j <= columns - wide; j += wide)
            for (int r = 0; r < rows;)
            {
                int take = RowsOfNextTile(rows - r);
                Tile<TSteps>(take, a + (r * aRow), aRow, aStep, aOffsets, b + j, bStep, c + (r * cRow) + j, cRow, depth, add);
                r += take;
            }
        if (j < columns)
            Ragged<TSteps>(rows, columns - j, depth, a, aRow, aStep, aOffsets, b + j, bStep, c + j, cRow, add);
    }

    // Fewer columns than a tile has.
    [SkipLocalsInit]
    private static void Ragged<TSteps>(
        int rows, int columns, int depth, float* a, nint aRow, nint aStep, int* aOffsets, float* b, nint bStep, float* c, nint cRow, bool add)
        where TSteps : struct, IDepthSteps
    {
        int wide = 2 * V.Lanes;
        float* tile = stackalloc float[MostRows * 32];
        for (int r = 0; r < rows;)
        {
            int take = RowsOfNextTile(rows - r);
            Tile<TSteps>(take, a + (r * aRow), aRow, aStep, aOffsets, b, bStep, tile, wide, depth, false);
            Copy(tile, wide, take, columns, c + (r * cRow), cRow, add);
            r += take;
        }
    }

    // No tile is left so thin that its chains of additions, rather than the multipliers, set the pace.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int RowsOfNextTile(int rows)
    {
        if (typeof(V) == typeof(Vector512Lanes))
            return rows == 16 ? 8 : rows >= 12 ? 12 : rows > 8 ? 6 : rows;
        return rows > 10 ? 6 : rows > 6 ? (rows + 1) / 2 : rows;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile<TSteps>(
        int rows, float* a, nint aRow, nint aStep, int* aOffsets, float* b, nint bStep, float* c, nint cRow, nint depth, bool add)
        where TSteps : struct, IDepthSteps
    {
        const int Size = sizeof(float);
        (aRow, aStep, bStep, cRow) = (aRow * Size, aStep * Size, bStep * Size, cRow * Size);
        switch (rows)
        {
            case 1:
                ProductTile<V, Rows1, TSteps>.Multiply((byte*)a, aRow, aStep, aOffsets, (byte*)b, bStep, (byte*)c, cRow, depth, add);
                break;
            case 2:
                ProductTile<V, Rows2, TSteps>.Multiply((byte*)a, aRow, aStep, aOffsets, (byte*)b, bStep, (byte*)c, cRow, depth, add);
                break;
            case 3:
                ProductTile<V, Rows3, TSteps>.Multiply((byte*)a, aRow, aStep, aOffsets, (byte*)b, bStep, (byte*)c, cRow, depth, add);
                break;
            case 4:
                ProductTile<V, Rows4, TSteps>.Multiply((byte*)a, aRow, aStep, aOffsets, (byte*)b, bStep, (byte*)c, cRow, depth, add);
                break;
            case 5:
                ProductTile<V, Rows5, TSteps>.Multiply((byte*)a, aRow, aStep, aOffsets, (byte*)b, bStep, (byte*)c, cRow, depth, add);
                break;
            case 6:
                ProductTile<V, Rows6, TSteps>.Multiply((byte*)a, aRow, aStep, aOffsets, (byte*)b, bStep, (byte*)c, cRow, depth, add);
                break;
            case 7:
                ProductTile<V, Rows7, TSteps>.Multiply((byte*)a, aRow, aStep, aOffsets, (byte*)b, bStep, (byte*)c, cRow, depth, add);
                break;
            case 8:
                ProductTile<V, Rows8, TSteps>.Multiply((byte*)a, aRow, aStep, aOffsets, (byte*)b, bStep, (byte*)c, cRow, depth, add);
                break;
            default:
                ProductTile<V, Rows12, TSteps>.Multiply((byte*)a, aRow, aStep, aOffsets, (byte*)b, bStep, (byte*)c, cRow, depth, add);
                break;
        }
    }

    private static void Copy(float* source, int stride, int rows, int columns, float* target, nint targetStride, bool add)
    {
        for (int r = 0; r < rows; r++)
            for (int j = 0; j < columns; j++)
            {
                float* to = target + (r * targetStride) + j;
                *to = add ? *to + source[(r * stride) + j] : source[(r * stride) + j];
            }
    }

    private struct EvenSteps : IDepthSteps { public static bool AreListed => false; }

    private struct ListedSteps : IDepthSteps { public static bool AreListed => true; }

    private struct Rows1 : IRows { public static int Count => 1; }

    private struct Rows2 : IRows { public static int Count => 2; }

    private struct Rows3 : IRows { public static int Count => 3; }

    private struct Rows4 : IRows { public static int Count => 4; }

    private struct Rows5 : IRows { public static int Count => 5; }

    private struct Rows6 : IRows { public static int Count => 6; }

    private struct Rows7 : IRows { public static int Count => 7; }

    private struct Rows8 : IRows { public static int Count => 8; }

    private struct Rows12 : IRows { public static int Count => 12; }
}
