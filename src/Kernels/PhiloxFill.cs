using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Atelier.Kernels;

/// <summary>
/// Random numbers as a function of (key, counter, element): Philox-4x32-10 (Salmon et al. 2011, §3.3) with a 64-bit key and the
/// 128-bit counter (counterHigh, block). Element e comes from block e/2 alone, so that any slice of a draw can be computed anywhere:
/// the words (0, 1) of a block make u64 = word1·2³² + word0 for its even element, (2, 3) for its odd one.
/// </summary>
/// <remarks>
/// <para>uniform: u = (u64 >> 11)·2⁻⁵³, in [0, 1).</para>
/// <para>normal (Box and Muller 1958): r = √(−2 ln(1 − u_even)); even r·cos 2πu_odd, odd r·sin 2πu_odd.</para>
/// <para>Computed in float64, four blocks at a time at every width; a float32 destination receives the float64 rounded.</para>
/// </remarks>
public static unsafe class PhiloxFill
{
    private const int BlocksAtOnce = 4, ElementsAtOnce = 2 * BlocksAtOnce;

    /// <summary>Uniform numbers in [0, 1): float32 rounds the largest up to 1.</summary>
    /// <param name="count">Elements to write.</param>
    /// <param name="destination">[count].</param>
    /// <param name="key">Both key words, the first in the low half.</param>
    /// <param name="counterHigh">Counter words 2 and 3.</param>
    /// <param name="firstElement">The first one's place in the draw.</param>
    public static void Uniform(long count, float* destination, ulong key, ulong counterHigh, ulong firstElement) =>
        Fill(count, destination, false, key, counterHigh, firstElement);

    /// <inheritdoc cref="Uniform(long, float*, ulong, ulong, ulong)"/>
    public static void Uniform(long count, double* destination, ulong key, ulong counterHigh, ulong firstElement) =>
        Fill(count, destination, false, key, counterHigh, firstElement);

    /// <summary>Normal numbers of mean 0 and variance 1.</summary>
    /// <param name="count">Elements to write.</param>
    /// <param name="destination">[count].</param>
    /// <param name="key">Both key words, the first in the low half.</param>
    /// <param name="counterHigh">Counter words 2 and 3.</param>
    /// <param name="firstElement">The first one's place in the draw.</param>
    public static void Normal(long count, float* destination, ulong key, ulong counterHigh, ulong firstElement) =>
        Fill(count, destination, true, key, counterHigh, firstElement);

    /// <inheritdoc cref="Normal(long, float*, ulong, ulong, ulong)"/>
    public static void Normal(long count, double* destination, ulong key, ulong counterHigh, ulong firstElement) =>
        Fill(count, destination, true, key, counterHigh, firstElement);

    private static void Fill<T>(long count, T* destination, bool normal, ulong key, ulong counterHigh, ulong firstElement)
        where T : unmanaged =>
        ThreadTeam.Current.For(FlatBuffer.Pieces(count), 1, (begin, end) =>
            FillPart(Math.Min(end * FlatBuffer.Piece, count) - (begin * FlatBuffer.Piece), destination + (begin * FlatBuffer.Piece), normal, key,
                counterHigh, firstElement + ((ulong)begin * FlatBuffer.Piece)));

    [MethodImpl(KernelLaunch.Hot)]
    [SkipLocalsInit]
    private static void FillPart<T>(long count, T* destination, bool normal, ulong key, ulong counterHigh, ulong firstElement)
        where T : unmanaged
    {
        T* edge = stackalloc T[ElementsAtOnce];
        // The place of the first element in the group that begins with its block.
        int skipped = (int)(firstElement & 1);
        ulong block = firstElement / 2;
        for (long at = -skipped; at < count; at += ElementsAtOnce, block += BlocksAtOnce)
        {
            bool inside = at >= 0 && at + ElementsAtOnce <= count;
            T* target = inside ? destination + at : edge;
            var (even, odd) = Blocks(key, counterHigh, block);
            if (normal)
                (even, odd) = BoxMuller(even, odd);
            if (typeof(T) == typeof(float))
                StoreRounded((float*)target, even, odd);
            else
                StoreInterleaved((double*)target, even, odd);
            if (!inside)
            {
                for (long i = Math.Max(at, 0); i < Math.Min(at + ElementsAtOnce, count); i++)
                    destination[i] = edge[i - at];
            }
        }
    }

    /// <summary>The uniform numbers of four blocks: their even and their odd elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<double> Even, Vector256<double> Odd) Blocks(ulong key, ulong counterHigh, ulong block)
    {
        const ulong Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57;
        var low = Vector256.Create(uint.MaxValue).AsUInt64() >>> 32;
        var counter = Vector256.Create(block) + Vector256.Create(0UL, 1, 2, 3);
        // A word a lane. Their upper halves may hold anything: products take the lower ones.
        Vector256<ulong> c0 = counter, c1 = counter >>> 32, c2 = Vector256.Create(counterHigh), c3 = Vector256.Create(counterHigh >> 32);
        Vector256<ulong> multiplier0 = Vector256.Create(Multiplier0), multiplier1 = Vector256.Create(Multiplier1);
        uint key0 = (uint)key, key1 = (uint)(key >> 32);
        for (int round = 0; round < 10; round++)
        {
            Vector256<ulong> product0 = Multiply(multiplier0, c0), product1 = Multiply(multiplier1, c2);
            c0 = (product1 >>> 32) ^ c1 ^ Vector256.Create((ulong)key0);
            c2 = (product0 >>> 32) ^ c3 ^ Vector256.Create((ulong)key1);
            c1 = product1;
            c3 = product0;
            unchecked
            {
                key0 += 0x9E3779B9;
                key1 += 0xBB67AE85;
            }
        }
        return (ToUnitInterval((c1 << 32) | (c0 & low)), ToUnitInterval((c3 << 32) | (c2 & low)));
    }

    /// <summary>Lower halves times lower halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Multiply(Vector256<ulong> a, Vector256<ulong> b) =>
        Avx2.IsSupported ? Avx2.Multiply(a.AsUInt32(), b.AsUInt32()) : (a & Vector256.Create(0xFFFFFFFFUL)) * (b & Vector256.Create(0xFFFFFFFFUL));

    /// <summary>The upper 53 bits of a word: their halves become doubles by their exponents, and the sum of those is exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> ToUnitInterval(Vector256<ulong> word)
    {
        var bits = word >>> 11;
        var upper = ((bits >>> 32) | Vector256.Create(0x4530000000000000UL)).AsDouble() - Vector256.Create(19342813113834066795298816.0); // 2⁸⁴
        var lower = ((bits & Vector256.Create(0xFFFFFFFFUL)) | Vector256.Create(0x4330000000000000UL)).AsDouble() - Vector256.Create(4503599627370496.0); // 2⁵²
        return (upper + lower) * Vector256.Create(1.0 / (1UL << 53));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<double> Even, Vector256<double> Odd) BoxMuller(Vector256<double> even, Vector256<double> odd)
    {
        var radius = Vector256.Sqrt(Vector256.Create(-2.0) * VectorMath.Log(Vector256<double>.One - even));
        var (sin, cos) = VectorMath.SinCosOfTurns(odd);
        return (radius * cos, radius * sin);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreInterleaved(double* target, Vector256<double> even, Vector256<double> odd)
    {
        if (Avx.IsSupported)
        {
            Vector256<double> low = Avx.UnpackLow(even, odd), high = Avx.UnpackHigh(even, odd);
            Avx.Permute2x128(low, high, 0x20).Store(target);
            Avx.Permute2x128(low, high, 0x31).Store(target + 4);
            return;
        }
        for (int i = 0; i < BlocksAtOnce; i++)
        {
            target[2 * i] = even[i];
            target[(2 * i) + 1] = odd[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreRounded(float* target, Vector256<double> even, Vector256<double> odd)
    {
        if (Avx.IsSupported)
        {
            Vector128<float> first = Avx.ConvertToVector128Single(even), second = Avx.ConvertToVector128Single(odd);
            Sse.UnpackLow(first, second).Store(target);
            Sse.UnpackHigh(first, second).Store(target + 4);
            return;
        }
        for (int i = 0; i < BlocksAtOnce; i++)
        {
            target[2 * i] = (float)even[i];
            target[(2 * i) + 1] = (float)odd[i];
        }
    }
}
