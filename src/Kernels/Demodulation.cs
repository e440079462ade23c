using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>
/// The passes of demodulation d = 1/√(Σ(w·s)² + ε) (Karras et al. 2020, equation 3) and of its derivatives, which besides them are
/// matrix products. A pair is an output and an input channel of a weight [O, I, taps].
/// </summary>
/// <remarks>One number after the other, in the order of the taps: the width of the processor's vectors shows nowhere.</remarks>
public static unsafe class Demodulation
{
    private const float Epsilon = 1e-8f;

    /// <summary>sums[p] = factor·Σ a[p, t]·b[p, t] over the taps.</summary>
    /// <param name="a">[pairs, taps].</param>
    /// <param name="b">[pairs, taps]; may be <paramref name="a"/>.</param>
    /// <param name="pairs">O·I.</param>
    /// <param name="taps">k².</param>
    /// <param name="factor">Multiplies the sums.</param>
    /// <param name="sums">[pairs], written.</param>
    public static void SumOverTaps(float* a, float* b, int pairs, int taps, float factor, float* sums) =>
        ThreadTeam.Current.For(pairs, KernelLaunch.GrainElements / taps, (begin, end) => Sum(a, b, begin, end, taps, factor, sums));

    /// <summary>result[p, t] = 2·w[p, t]·g[p], added to what is there if <paramref name="add"/>.</summary>
    /// <param name="w">[pairs, taps].</param>
    /// <param name="g">[pairs].</param>
    /// <param name="pairs">O·I.</param>
    /// <param name="taps">k².</param>
    /// <param name="result">[pairs, taps].</param>
    /// <param name="add">Whether it is added.</param>
    public static void SpreadOverTaps(float* w, float* g, int pairs, int taps, float* result, bool add) =>
        ThreadTeam.Current.For(pairs, KernelLaunch.GrainElements / taps, (begin, end) => Spread(w, g, begin, end, taps, result, add));

    /// <summary>d ← 1/√(d + ε).</summary>
    /// <param name="d">[count], the sums of squares; changed.</param>
    /// <param name="count">N·O.</param>
    public static void Finish(float* d, int count)
    {
        for (int i = 0; i < count; i++)
            d[i] = 1 / MathF.Sqrt(d[i] + Epsilon);
    }

    /// <summary>result = −½·d³·g: from the gradient of d to that of the sums of squares.</summary>
    /// <param name="d">[count].</param>
    /// <param name="g">[count].</param>
    /// <param name="count">N·O.</param>
    /// <param name="result">[count], written.</param>
    public static void Gradient(float* d, float* g, int count, float* result)
    {
        for (int i = 0; i < count; i++)
            result[i] = -.5f * d[i] * d[i] * d[i] * g[i];
    }

    /// <summary>The same differentiated along d: result = ¾·d⁵·g·t, with t the cotangent of <see cref="Gradient"/>'s result.</summary>
    /// <param name="d">[count].</param>
    /// <param name="g">[count].</param>
    /// <param name="t">[count].</param>
    /// <param name="count">N·O.</param>
    /// <param name="result">[count], written.</param>
    public static void SecondGradient(float* d, float* g, float* t, int count, float* result)
    {
        for (int i = 0; i < count; i++)
        {
            float square = d[i] * d[i];
            result[i] = .75f * square * square * d[i] * g[i] * t[i];
        }
    }

    /// <summary>result = factor·a·b, added to what is there if <paramref name="add"/>.</summary>
    /// <param name="a">[count].</param>
    /// <param name="b">[count].</param>
    /// <param name="factor">Multiplies the products.</param>
    /// <param name="count">N·I.</param>
    /// <param name="result">[count]; may be <paramref name="a"/> or <paramref name="b"/> where it is not added to.</param>
    /// <param name="add">Whether it is added.</param>
    public static void Multiply(float* a, float* b, float factor, int count, float* result, bool add)
    {
        for (int i = 0; i < count; i++)
        {
            float product = factor * a[i] * b[i];
            result[i] = add ? result[i] + product : product;
        }
    }

    [MethodImpl(KernelLaunch.Hot)]
    private static void Sum(float* a, float* b, int begin, int end, int taps, float factor, float* sums)
    {
        a += (long)begin * taps;
        b += (long)begin * taps;
        for (int p = begin; p < end; p++, a += taps, b += taps)
        {
            float sum = 0;
            for (int t = 0; t < taps; t++)
                sum = MathF.FusedMultiplyAdd(a[t], b[t], sum);
            sums[p] = factor * sum;
        }
    }

    [MethodImpl(KernelLaunch.Hot)]
    private static void Spread(float* w, float* g, int begin, int end, int taps, float* result, bool add)
    {
        w += (long)begin * taps;
        result += (long)begin * taps;
        for (int p = begin; p < end; p++, w += taps, result += taps)
        {
            float twice = 2 * g[p];
            for (int t = 0; t < taps; t++)
                result[t] = add ? MathF.FusedMultiplyAdd(w[t], twice, result[t]) : w[t] * twice;
        }
    }
}
