using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

// The bodies of what modulation needs of RowPasses: channels scaled, and what their scales' gradients sum.

internal readonly unsafe struct ScalePass(float* x, float* s, float* y, long pixels) : IRowStretches
{
    public void Run<TVector>(int begin, int end)
        where TVector : struct, IVector<TVector> =>
        Row.Stretches<ScalePass, TVector>(this, pixels, begin, end);

    [MethodImpl(KernelLaunch.Hot)]
    public void Stretch<TVector>(int firstRow, int endRow, long begin, long end)
        where TVector : struct, IVector<TVector>
    {
        float* source = x + (firstRow * pixels), target = y + (firstRow * pixels), scales = s;
        long stride = pixels;
        for (int row = firstRow; row < endRow; row++, source += stride, target += stride)
        {
            var factor = TVector.Broadcast(scales[row]);
            for (long i = begin; i < end; i += TVector.Lanes)
                TVector.Store(target + i, TVector.Multiply(factor, TVector.Load(source + i)));
        }
    }
}

internal readonly unsafe struct CombinePass(float* a, float* s, float* b, float* r, float* y, long pixels) : IRowStretches
{
    public void Run<TVector>(int begin, int end)
        where TVector : struct, IVector<TVector> =>
        Row.Stretches<CombinePass, TVector>(this, pixels, begin, end);

    [MethodImpl(KernelLaunch.Hot)]
    public void Stretch<TVector>(int firstRow, int endRow, long begin, long end)
        where TVector : struct, IVector<TVector>
    {
        long stride = pixels;
        float* first = a + (firstRow * stride), second = b + (firstRow * stride), target = y + (firstRow * stride);
        for (int row = firstRow; row < endRow; row++, first += stride, second += stride, target += stride)
        {
            TVector ofFirst = TVector.Broadcast(s[row]), ofSecond = TVector.Broadcast(r[row]);
            for (long i = begin; i < end; i += TVector.Lanes)
                TVector.Store(target + i, TVector.MultiplyAdd(ofFirst, TVector.Load(first + i), TVector.Multiply(ofSecond, TVector.Load(second + i))));
        }
    }
}

/// <summary>dot = Σ t·x and, where y is wanted, y = s·t.</summary>
internal readonly unsafe struct ScaleDotPass(float* t, float* s, float* x, float* y, float* dot, long pixels) : IRowSums
{
    public void Run<TVector>(int begin, int end)
        where TVector : struct, IVector<TVector> =>
        Row.Sums<ScaleDotPass, TVector>(this, pixels, begin, end);

    [MethodImpl(KernelLaunch.Hot)]
    [SkipLocalsInit]
    public void Rows<TVector, TEnd>(int begin, int end)
        where TVector : struct, IVector<TVector>
        where TEnd : struct, IRowEnd
    {
        float* lanes = stackalloc float[Vectors.VirtualLanes];
        long count = pixels;
        for (long row = begin; row < end; row++)
        {
            float* first = t + (row * count), second = x + (row * count), target = y == null ? null : y + (row * count);
            float scale = y == null ? 0 : s[row];
            var factor = TVector.Broadcast(scale);
            if (!TEnd.IsRagged && count <= Row.Block)
            {
                // One block, whose sum needs no other: a short row would spend half of its time on the general way.
                RunningSums<TVector> one = default;
                Sixteens(factor, first, second, target, 0, count, ref one);
                dot[row] = one.Fold() + 0f;
                continue;
            }
            double total = 0;
            for (long start = 0; start < count; start += Row.Block)
            {
                long stop = Math.Min(start + Row.Block, count), whole = start + Row.Whole(stop - start);
                RunningSums<TVector> sums = default;
                Sixteens(factor, first, second, target, start, whole, ref sums);
                if (!TEnd.IsRagged || whole == stop)
                {
                    total += sums.Fold();
                    continue;
                }
                sums.Store(lanes);
                for (long i = whole; i < stop; i++)
                {
                    RunningSums<ScalarLane> sum = default;
                    sum.Load(lanes + (i - whole));
                    Step(ScalarLane.Broadcast(scale), first, second, target, i, 0, ref sum);
                    sum.Store(lanes + (i - whole));
                }
                total += Vectors.Fold(lanes);
            }
            dot[row] = (float)total;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sixteens<TVector>(TVector factor, float* first, float* second, float* target, long begin, long end, ref RunningSums<TVector> sums)
        where TVector : struct, IVector<TVector>
    {
        for (long i = begin; i < end; i += Vectors.VirtualLanes)
        {
            Step(factor, first, second, target, i, 0, ref sums);
            if (TVector.Lanes < 16)
                Step(factor, first, second, target, i + TVector.Lanes, 1, ref sums);
            if (TVector.Lanes < 8)
            {
                Step(factor, first, second, target, i + 8, 2, ref sums);
                Step(factor, first, second, target, i + 12, 3, ref sums);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<TVector>(TVector factor, float* first, float* second, float* target, long i, int register, ref RunningSums<TVector> sums)
        where TVector : struct, IVector<TVector>
    {
        var value = TVector.Load(first + i);
        sums.AddProduct(register, value, TVector.Load(second + i));
        if (target != null)
            TVector.Store(target + i, TVector.Multiply(factor, value));
    }
}
