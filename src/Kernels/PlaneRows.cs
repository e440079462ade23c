using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>
/// What augmentation does with rows of planes. Sums run over the taps in order; several registers are summed at once, since one chain
/// of additions would wait for itself.
/// </summary>
internal static unsafe class PlaneRows
{
    /// <summary>target[i] = Σ taps[k]·rows[k][i].</summary>
    public static void Weigh<TVector>(float** rows, float* taps, int rowCount, float* target, int count)
        where TVector : struct, IVector<TVector>
    {
        int whole = Whole<TVector>(count);
        WeighPart<TVector>(rows, taps, rowCount, target, 0, whole);
        if (whole < count)
            WeighPart<ScalarLane>(rows, taps, rowCount, target, whole, count);
    }

    /// <summary>target[i] = Σ taps[k]·source[i + k].</summary>
    [SkipLocalsInit]
    public static void Correlate<TVector>(float* source, float* taps, int tapCount, float* target, int count)
        where TVector : struct, IVector<TVector>
    {
        float** rows = stackalloc float*[AugmentationPlan.BandTaps];
        for (int k = 0; k < tapCount; k++)
            rows[k] = source + k;
        Weigh<TVector>(rows, taps, tapCount, target, count);
    }

    /// <summary>target[i] += factor·source[i].</summary>
    public static void Accumulate<TVector>(float factor, float* source, float* target, long count)
        where TVector : struct, IVector<TVector>
    {
        long whole = count - (count % TVector.Lanes);
        AccumulatePart<TVector>(factor, source, target, 0, whole);
        AccumulatePart<ScalarLane>(factor, source, target, whole, count);
    }

    /// <summary>even[i] and odd[i] at 2i and 2i + 1 of the target.</summary>
    public static void Interleave<TVector>(float* even, float* odd, float* target, int count)
        where TVector : struct, IVector<TVector>
    {
        InterleavePart<TVector>(even, odd, target, 0, Whole<TVector>(count));
        InterleavePart<ScalarLane>(even, odd, target, Whole<TVector>(count), count);
    }

    /// <summary>The elements at 2i and at 2i + 1 of the source, apart.</summary>
    public static void Separate<TVector>(float* source, float* even, float* odd, int count)
        where TVector : struct, IVector<TVector>
    {
        SeparatePart<TVector>(source, even, odd, 0, Whole<TVector>(count));
        SeparatePart<ScalarLane>(source, even, odd, Whole<TVector>(count), count);
    }

    /// <summary>A row of an image with reflected pixels at both ends.</summary>
    public static void Pad(float* row, int width, int left, int right, float* padded)
    {
        for (int i = 0; i < left; i++)
            padded[i] = row[AugmentationPlan.Reflect(i - left, width)];
        Copy(row, padded + left, width);
        for (int i = 0; i < right; i++)
            padded[left + width + i] = row[AugmentationPlan.Reflect(width + i, width)];
    }

    /// <summary>The adjoint of <see cref="Pad"/>: the sum over reflected pixels.</summary>
    public static void Fold(float* padded, int width, int left, int right, float* row)
    {
        Copy(padded + left, row, width);
        for (int i = 0; i < left; i++)
            row[AugmentationPlan.Reflect(i - left, width)] += padded[i];
        for (int i = 0; i < right; i++)
            row[AugmentationPlan.Reflect(width + i, width)] += padded[left + width + i];
    }

    public static void Copy(float* source, float* target, int count) => new Span<float>(source, count).CopyTo(new(target, count));

    public static void Clear(float* target, int count) => new Span<float>(target, count).Clear();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Whole<TVector>(int count)
        where TVector : struct, IVector<TVector> => count - (count % TVector.Lanes);

    [MethodImpl(KernelLaunch.Hot)]
    private static void WeighPart<TVector>(float** rows, float* taps, int rowCount, float* target, int begin, int end)
        where TVector : struct, IVector<TVector>
    {
        int i = begin;
        for (; i + (4 * TVector.Lanes) <= end; i += 4 * TVector.Lanes)
        {
            TVector a = default, b = default, c = default, d = default;
            for (int k = 0; k < rowCount; k++)
            {
                float* source = rows[k] + i;
                var tap = TVector.Broadcast(taps[k]);
                a = TVector.MultiplyAdd(tap, TVector.Load(source), a);
                b = TVector.MultiplyAdd(tap, TVector.Load(source + TVector.Lanes), b);
                c = TVector.MultiplyAdd(tap, TVector.Load(source + (2 * TVector.Lanes)), c);
                d = TVector.MultiplyAdd(tap, TVector.Load(source + (3 * TVector.Lanes)), d);
            }
            TVector.Store(target + i, a);
            TVector.Store(target + i + TVector.Lanes, b);
            TVector.Store(target + i + (2 * TVector.Lanes), c);
            TVector.Store(target + i + (3 * TVector.Lanes), d);
        }
        for (; i < end; i += TVector.Lanes)
        {
            TVector sum = default;
            for (int k = 0; k < rowCount; k++)
                sum = TVector.MultiplyAdd(TVector.Broadcast(taps[k]), TVector.Load(rows[k] + i), sum);
            TVector.Store(target + i, sum);
        }
    }

    [MethodImpl(KernelLaunch.Hot)]
    private static void AccumulatePart<TVector>(float factor, float* source, float* target, long begin, long end)
        where TVector : struct, IVector<TVector>
    {
        var of = TVector.Broadcast(factor);
        for (long i = begin; i < end; i += TVector.Lanes)
            TVector.Store(target + i, TVector.MultiplyAdd(of, TVector.Load(source + i), TVector.Load(target + i)));
    }

    [MethodImpl(KernelLaunch.Hot)]
    private static void InterleavePart<TVector>(float* even, float* odd, float* target, int begin, int end)
        where TVector : struct, IVector<TVector>
    {
        for (int i = begin; i < end; i += TVector.Lanes)
            TVector.StoreInterleaved(target + (2 * i), TVector.Load(even + i), TVector.Load(odd + i));
    }

    [MethodImpl(KernelLaunch.Hot)]
    private static void SeparatePart<TVector>(float* source, float* even, float* odd, int begin, int end)
        where TVector : struct, IVector<TVector>
    {
        for (int i = begin; i < end; i += TVector.Lanes)
        {
            TVector low = TVector.Load(source + (2 * i)), high = TVector.Load(source + (2 * i) + TVector.Lanes);
            TVector.Store(even + i, TVector.Even(low, high));
            TVector.Store(odd + i, TVector.Odd(low, high));
        }
    }
}
