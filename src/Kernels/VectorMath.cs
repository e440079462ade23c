using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Atelier.Kernels;

/// <summary>
/// Elementary functions of four doubles from +, −, ×, ÷ and fused multiply-add alone: the same bits on every processor, and those of
/// Atelier.Core's scalar DeterministicMath, whose operations and order these are. Within 1 ulp.
/// </summary>
internal static class VectorMath
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    // ln 2, its first 32 bits and the rest: multiples of the first by an exponent are exact.
    private const double Ln2High = 0.6931471806019545, Ln2Low = -4.2009150726810846e-11;

    /// <summary>ln x of positive normal numbers.</summary>
    [MethodImpl(Inline)]
    public static Vector256<double> Log(Vector256<double> x)
    {
        // x = m·2^k with m in [√½, √2]; k becomes a double by its place in 2⁵² + 1023 + k.
        var bits = x.AsUInt64();
        var k = ((bits >>> 52) | Vector256.Create(0x4330000000000000UL)).AsDouble() - Vector256.Create(4503599627370496.0 + 1023);
        var m = ((bits & Vector256.Create(0xFFFFFFFFFFFFFUL)) | Vector256.Create(0x3FF0000000000000UL)).AsDouble();
        var large = Vector256.GreaterThan(m, Vector256.Create(1.4142135623730951));
        m = Vector256.ConditionalSelect(large, m * Vector256.Create(0.5), m);
        k += large & Vector256<double>.One;
        // With s = f/(2 + f): ln(1 + f) = 2·artanh s = f − f²/2 + s·(f²/2 + R), R = 2s²/3 + 2s⁴/5 + …; f alone is exact.
        var f = m - Vector256<double>.One;
        var s = f / (Vector256.Create(2.0) + f);
        var z = s * s;
        var half = Vector256.Create(0.5) * f * f;
        var r = Vector256.Create(2.0 / 21);
        r = Next(r, z, 2.0 / 19);
        r = Next(r, z, 2.0 / 17);
        r = Next(r, z, 2.0 / 15);
        r = Next(r, z, 2.0 / 13);
        r = Next(r, z, 2.0 / 11);
        r = Next(r, z, 2.0 / 9);
        r = Next(r, z, 2.0 / 7);
        r = Next(r, z, 2.0 / 5);
        r = Next(r, z, 2.0 / 3);
        var correction = Vector256.FusedMultiplyAdd(s, Vector256.FusedMultiplyAdd(r, z, half), k * Vector256.Create(Ln2Low));
        return (k * Vector256.Create(Ln2High)) - (half - correction - f);
    }

    /// <summary>sin 2πt and cos 2πt of t in [0, 1].</summary>
    [MethodImpl(Inline)]
    public static (Vector256<double> Sin, Vector256<double> Cos) SinCosOfTurns(Vector256<double> turns)
    {
        // 2πt = k·π/2 + r with |r| up to π/4, and the Taylor series of both.
        var k = Vector256.Round(Vector256.Create(4.0) * turns);
        var r = Vector256.FusedMultiplyAdd(k, Vector256.Create(-0.25), turns) * Vector256.Create(6.283185307179586);
        var z = r * r;
        var s = Vector256.Create(1.0 / 355687428096000);
        s = Next(s, z, -1.0 / 1307674368000);
        s = Next(s, z, 1.0 / 6227020800);
        s = Next(s, z, -1.0 / 39916800);
        s = Next(s, z, 1.0 / 362880);
        s = Next(s, z, -1.0 / 5040);
        s = Next(s, z, 1.0 / 120);
        s = Next(s, z, -1.0 / 6);
        var sin = Vector256.FusedMultiplyAdd(r * z, s, r);
        var c = Vector256.Create(1.0 / 20922789888000);
        c = Next(c, z, -1.0 / 87178291200);
        c = Next(c, z, 1.0 / 479001600);
        c = Next(c, z, -1.0 / 3628800);
        c = Next(c, z, 1.0 / 40320);
        c = Next(c, z, -1.0 / 720);
        c = Next(c, z, 1.0 / 24);
        c = Next(c, z, -1.0 / 2);
        var cos = Vector256.FusedMultiplyAdd(c, z, Vector256<double>.One);
        // k is 0 to 4: odd quadrants exchange the two, the sine is negative in 2 and 3, the cosine in 1 and 2.
        Vector256<double> one = Vector256<double>.One, two = one + one, three = two + one;
        var odd = Vector256.Equals(k, one) | Vector256.Equals(k, three);
        var sineNegative = Vector256.Equals(k, two) | Vector256.Equals(k, three);
        var cosineNegative = Vector256.Equals(k, one) | Vector256.Equals(k, two);
        var sign = Vector256.Create(-0.0);
        return (Vector256.ConditionalSelect(odd, cos, sin) ^ (sineNegative & sign), Vector256.ConditionalSelect(odd, sin, cos) ^ (cosineNegative & sign));
    }

    /// <summary>Horner's step.</summary>
    [MethodImpl(Inline)]
    private static Vector256<double> Next(Vector256<double> sum, Vector256<double> x, double coefficient) =>
        Vector256.FusedMultiplyAdd(sum, x, Vector256.Create(coefficient));
}
