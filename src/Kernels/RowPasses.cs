using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>Sums over each row taken by the backward pass of an epilogue; what is null is not computed.</summary>
/// <param name="dz">[rows], Σ dz.</param>
/// <param name="dzNoise">[rows], Σ dz·noise.</param>
/// <param name="dzU">[rows], Σ dz·gain·u.</param>
public readonly unsafe struct RowSums(float* dz, float* dzNoise, float* dzU)
{
    internal float* Dz => dz;

    internal float* DzNoise => dzNoise;

    internal float* DzU => dzU;
}

/// <summary>Tangent of the backward pass in its row-wise arguments; what is null counts as 0.</summary>
/// <param name="scale">[rows], along Σ dz·gain·u.</param>
/// <param name="bias">[C], along Σ dz.</param>
/// <param name="strength">Along Σ dz·noise.</param>
public readonly unsafe struct RowTangents(float* scale, float* bias, float strength)
{
    internal float* Scale => scale;

    internal float* Bias => bias;

    internal float Strength => strength;
}

/// <summary>
/// Passes over the rows k = n·C + c of [N, C, pixels], contiguous: the epilogue of a layer, its two derivatives, and what
/// modulation needs. Each reads and writes a number once, so that memory's bandwidth bounds it.
/// </summary>
public static unsafe class RowPasses
{
    /// <summary>y = epilogue(u).</summary>
    /// <param name="epilogue">Its constants.</param>
    /// <param name="rows">N·C.</param>
    /// <param name="u">[rows, pixels].</param>
    /// <param name="y">[rows, pixels]; may be <paramref name="u"/>.</param>
    public static void Forward(in Epilogue epilogue, int rows, float* u, float* y) =>
        KernelLaunch.Run(new ForwardPass(epilogue, u, y), rows, epilogue.Pixels);

    /// <summary>du = gain·scale·slope(y)·dy and the sums, gain·u found from y.</summary>
    /// <param name="epilogue">Its constants.</param>
    /// <param name="rows">N·C.</param>
    /// <param name="dy">[rows, pixels].</param>
    /// <param name="y">[rows, pixels], the result.</param>
    /// <param name="du">[rows, pixels]; null: not wanted.</param>
    /// <param name="sums">Where the sums go.</param>
    public static void Backward(in Epilogue epilogue, int rows, float* dy, float* y, float* du, RowSums sums) =>
        KernelLaunch.Run(new BackwardPass(epilogue, dy, y, du, sums), rows, epilogue.Pixels);

    /// <summary>
    /// The tangent of <see cref="Backward"/>: out = slope(y)·(gain·scale·a + t.scale·gain·u + t.strength·noise + t.bias), u found from y, and
    /// dot[row] = Σ du·a.
    /// </summary>
    /// <param name="epilogue">Its constants.</param>
    /// <param name="tangents">Along the sums.</param>
    /// <param name="rows">N·C.</param>
    /// <param name="a">[rows, pixels], along du; null: 0.</param>
    /// <param name="du">[rows, pixels]; read where a and <paramref name="dot"/> are given.</param>
    /// <param name="y">[rows, pixels], the result.</param>
    /// <param name="result">[rows, pixels], the gradient for dy; null: not wanted.</param>
    /// <param name="dot">[rows]; null: not wanted.</param>
    public static void Tangent(in Epilogue epilogue, RowTangents tangents, int rows, float* a, float* du, float* y, float* result, float* dot) =>
        KernelLaunch.Run(new TangentPass(epilogue, tangents, a, du, y, result, dot), rows, epilogue.Pixels);

    /// <summary>y = s[row]·x.</summary>
    public static void Scale(float* x, float* s, float* y, long pixels, int rows) => KernelLaunch.Run(new ScalePass(x, s, y, pixels), rows, pixels);

    /// <summary>y = s[row]·a + r[row]·b.</summary>
    public static void Combine(float* a, float* s, float* b, float* r, float* y, long pixels, int rows) =>
        KernelLaunch.Run(new CombinePass(a, s, b, r, y, pixels), rows, pixels);

    /// <summary>dot[row] = Σ t·x and y = s[row]·t; y may be t.</summary>
    public static void ScaleDot(float* t, float* s, float* x, float* y, float* dot, long pixels, int rows) =>
        KernelLaunch.Run(new ScaleDotPass(t, s, x, y, dot, pixels), rows, pixels);

    /// <summary>dot[row] = Σ a·b.</summary>
    public static void Dot(float* a, float* b, float* dot, long pixels, int rows) =>
        KernelLaunch.Run(new ScaleDotPass(a, null, b, null, dot, pixels), rows, pixels);

    /// <summary>sum[c] = Σ x[n, c] over n in their order, in float64, rounded once.</summary>
    /// <param name="x">[images, channels].</param>
    /// <param name="sum">[channels].</param>
    /// <param name="images">N.</param>
    /// <param name="channels">C.</param>
    public static void SumOverImages(float* x, float* sum, int images, int channels)
    {
        for (int c = 0; c < channels; c++)
        {
            double total = 0;
            for (int n = 0; n < images; n++)
                total += x[((long)n * channels) + c];
            sum[c] = (float)total;
        }
    }
}

/// <summary>How rows divide: into whole virtual vectors and a rest.</summary>
internal static class Row
{
    /// <summary>Elements that a sum adds from zero before it is added to the row's: a long chain would lose more than all else does.</summary>
    public const long Block = 1024;

    /// <summary>Elements of <paramref name="count"/> that whole virtual vectors cover.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Whole(long count) => count & ~(long)(Vectors.VirtualLanes - 1);

    /// <summary>The whole vectors of all rows, then their rests.</summary>
    public static void Stretches<TPass, TVector>(TPass pass, long pixels, int begin, int end)
        where TPass : struct, IRowStretches
        where TVector : struct, IVector<TVector>
    {
        long whole = Whole(pixels);
        pass.Stretch<TVector>(begin, end, 0, whole);
        if (whole < pixels)
            pass.Stretch<ScalarLane>(begin, end, whole, pixels);
    }

    /// <summary>Row after row, as their end allows.</summary>
    public static void Sums<TPass, TVector>(TPass pass, long pixels, int begin, int end)
        where TPass : struct, IRowSums
        where TVector : struct, IVector<TVector>
    {
        if (Whole(pixels) == pixels)
            pass.Rows<TVector, WholeEnd>(begin, end);
        else
            pass.Rows<TVector, RaggedEnd>(begin, end);
    }
}

/// <summary>A pass that leaves a result for every element.</summary>
internal interface IRowStretches : IKernel
{
    /// <summary>Pixels from begin to end of every row.</summary>
    void Stretch<TVector>(int firstRow, int endRow, long begin, long end)
        where TVector : struct, IVector<TVector>;
}

/// <summary>A pass that sums each row.</summary>
internal interface IRowSums : IKernel
{
    /// <summary>Rows from begin to end.</summary>
    void Rows<TVector, TEnd>(int begin, int end)
        where TVector : struct, IVector<TVector>
        where TEnd : struct, IRowEnd;
}

/// <summary>Whether rows end in a rest, as a type: where they do not, a loop holds no call, which would cost it all its registers.</summary>
internal interface IRowEnd
{
    static abstract bool IsRagged { get; }
}

internal struct WholeEnd : IRowEnd { public static bool IsRagged => false; }

internal struct RaggedEnd : IRowEnd { public static bool IsRagged => true; }
