using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>The end of a convolution: its epilogue over runs of pixels.</summary>
internal static unsafe class EpilogueRows<V>
    where V : struct, IVector<V>
{
    /// <summary>All of an image [rows, pixels], in place.</summary>
    public static void Finish(Epilogue epilogue, float* x, long rows, long pixels)
    {
        ThreadTeam.Current.For((int)rows, 1 + (int)(MatrixProduct.GrainProducts / 4 / pixels), (begin, end) =>
        {
            for (int row = begin; row < end; row++)
                Finish(epilogue, row, x + (row * pixels), x + (row * pixels), 0, (int)pixels);
        });
    }

    /// <summary>
    /// Pixels [first, first + count) of a row. <paramref name="from"/> starts with the first of them, <paramref name="to"/> with
    /// pixel 0; they may be the same memory.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Finish(in Epilogue epilogue, long row, float* from, float* to, int first, int count)
    {
        var wide = new EpilogueRow<V>(epilogue, row);
        int i = 0;
        for (; i <= count - V.Lanes; i += V.Lanes)
            V.Store(to + first + i, wide.Apply(V.Load(from + i), first + i));
        if (i == count)
            return;
        var narrow = new EpilogueRow<ScalarLane>(epilogue, row);
        for (; i < count; i++)
            ScalarLane.Store(to + first + i, narrow.Apply(ScalarLane.Load(from + i), first + i));
    }
}
