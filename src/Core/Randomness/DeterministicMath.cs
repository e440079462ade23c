namespace Atelier.Core.Randomness;

/// <summary>
/// Elementary functions whose bits are the same everywhere: only +, −, ×, ÷ and fused multiply-add, each rounded once by IEEE 754.
/// <see cref="Math"/> asks the C library, whose last bits differ from one system to the next; what is part of the trajectory
/// takes these. Within 1 ulp of the exact value unless a member says otherwise.
/// </summary>
/// <remarks>The vector forms of the kernels' normal draws do the same operations in the same order, and so have the same bits.</remarks>
public static class DeterministicMath
{
    // ln 2, its first 32 bits and the rest: multiples of the first by an exponent are exact.
    private const double Ln2High = 0.6931471806019545, Ln2Low = -4.2009150726810846e-11;

    // π/2 as two doubles.
    private const double HalfPiHigh = 1.5707963267948966, HalfPiLow = 6.123233995736766e-17;

    /// <summary>ln x.</summary>
    /// <param name="x">A positive normal number.</param>
    public static double Log(double x)
    {
        // x = m·2^k with m in [√½, √2].
        long bits = BitConverter.DoubleToInt64Bits(x);
        double k = (bits >> 52) - 1023;
        double m = BitConverter.Int64BitsToDouble((bits & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000);
        if (m > 1.4142135623730951)
            (m, k) = (m * 0.5, k + 1);
        // With s = f/(2 + f): ln(1 + f) = 2·artanh s = f − f²/2 + s·(f²/2 + R), R = 2s²/3 + 2s⁴/5 + …; f alone is exact.
        double f = m - 1, s = f / (2 + f), z = s * s, half = 0.5 * f * f;
        double r = 2.0 / 21;
        r = Math.FusedMultiplyAdd(r, z, 2.0 / 19);
        r = Math.FusedMultiplyAdd(r, z, 2.0 / 17);
        r = Math.FusedMultiplyAdd(r, z, 2.0 / 15);
        r = Math.FusedMultiplyAdd(r, z, 2.0 / 13);
        r = Math.FusedMultiplyAdd(r, z, 2.0 / 11);
        r = Math.FusedMultiplyAdd(r, z, 2.0 / 9);
        r = Math.FusedMultiplyAdd(r, z, 2.0 / 7);
        r = Math.FusedMultiplyAdd(r, z, 2.0 / 5);
        r = Math.FusedMultiplyAdd(r, z, 2.0 / 3);
        double correction = Math.FusedMultiplyAdd(s, Math.FusedMultiplyAdd(r, z, half), k * Ln2Low);
        return (k * Ln2High) - (half - correction - f);
    }

    /// <summary>eˣ.</summary>
    /// <param name="x">Any number; beyond a double's range 0 or +∞.</param>
    public static double Exp(double x)
    {
        double k = Math.Round(x * 1.4426950408889634);
        if (!(Math.Abs(k) <= 1100))
            return Limit(x);
        return Scale(ExpNearZero(Math.FusedMultiplyAdd(-k, Ln2Low, Math.FusedMultiplyAdd(-k, Ln2High, x))), (int)k);
    }

    /// <summary>2ˣ.</summary>
    /// <param name="x">Any number; beyond a double's range 0 or +∞.</param>
    public static double Exp2(double x)
    {
        double k = Math.Round(x);
        if (!(Math.Abs(k) <= 1100))
            return Limit(x);
        return Scale(ExpNearZero((x - k) * 0.6931471805599453), (int)k);
    }

    /// <summary>xʸ, within 2 ulp where |y·ln x| is below 1.</summary>
    /// <param name="x">0 or a positive normal number.</param>
    /// <param name="y">A positive number.</param>
    public static double Pow(double x, double y) => x == 0 ? 0 : Exp(y * Log(x));

    /// <summary>sin x, within 1 ulp of the largest value.</summary>
    /// <param name="x">Radians, |x| below 10⁶.</param>
    public static double Sin(double x)
    {
        double k = Math.Round(x * 0.6366197723675814), r = Math.FusedMultiplyAdd(-k, HalfPiLow, Math.FusedMultiplyAdd(-k, HalfPiHigh, x));
        return Quadrant(k, r).Sin;
    }

    /// <summary>cos x, within 1 ulp of the largest value.</summary>
    /// <param name="x">Radians, |x| below 10⁶.</param>
    public static double Cos(double x)
    {
        double k = Math.Round(x * 0.6366197723675814), r = Math.FusedMultiplyAdd(-k, HalfPiLow, Math.FusedMultiplyAdd(-k, HalfPiHigh, x));
        return Quadrant(k, r).Cos;
    }

    /// <summary>sin 2πt and cos 2πt.</summary>
    /// <param name="turns">t, in [0, 1].</param>
    public static (double Sin, double Cos) SinCosOfTurns(double turns)
    {
        double k = Math.Round(4 * turns);
        return Quadrant(k, Math.FusedMultiplyAdd(k, -0.25, turns) * 6.283185307179586);
    }

    /// <summary>sin and cos of k·π/2 + r, |r| up to π/4, by their Taylor series.</summary>
    private static (double Sin, double Cos) Quadrant(double k, double r)
    {
        double z = r * r;
        double s = 1.0 / 355687428096000;
        s = Math.FusedMultiplyAdd(s, z, -1.0 / 1307674368000);
        s = Math.FusedMultiplyAdd(s, z, 1.0 / 6227020800);
        s = Math.FusedMultiplyAdd(s, z, -1.0 / 39916800);
        s = Math.FusedMultiplyAdd(s, z, 1.0 / 362880);
        s = Math.FusedMultiplyAdd(s, z, -1.0 / 5040);
        s = Math.FusedMultiplyAdd(s, z, 1.0 / 120);
        s = Math.FusedMultiplyAdd(s, z, -1.0 / 6);
        double sin = Math.FusedMultiplyAdd(r * z, s, r);
        double c = 1.0 / 20922789888000;
        c = Math.FusedMultiplyAdd(c, z, -1.0 / 87178291200);
        c = Math.FusedMultiplyAdd(c, z, 1.0 / 479001600);
        c = Math.FusedMultiplyAdd(c, z, -1.0 / 3628800);
        c = Math.FusedMultiplyAdd(c, z, 1.0 / 40320);
        c = Math.FusedMultiplyAdd(c, z, -1.0 / 720);
        c = Math.FusedMultiplyAdd(c, z, 1.0 / 24);
        c = Math.FusedMultiplyAdd(c, z, -1.0 / 2);
        double cos = Math.FusedMultiplyAdd(c, z, 1);
        return ((long)k & 3) switch
        {
            0 => (sin, cos),
            1 => (cos, -sin),
            2 => (-sin, -cos),
            _ => (-cos, sin),
        };
    }

    /// <summary>eˣ for |x| up to ln(2)/2, by its Taylor series.</summary>
    private static double ExpNearZero(double x)
    {
        double e = 1.0 / 6227020800;
        e = Math.FusedMultiplyAdd(e, x, 1.0 / 479001600);
        e = Math.FusedMultiplyAdd(e, x, 1.0 / 39916800);
        e = Math.FusedMultiplyAdd(e, x, 1.0 / 3628800);
        e = Math.FusedMultiplyAdd(e, x, 1.0 / 362880);
        e = Math.FusedMultiplyAdd(e, x, 1.0 / 40320);
        e = Math.FusedMultiplyAdd(e, x, 1.0 / 5040);
        e = Math.FusedMultiplyAdd(e, x, 1.0 / 720);
        e = Math.FusedMultiplyAdd(e, x, 1.0 / 120);
        e = Math.FusedMultiplyAdd(e, x, 1.0 / 24);
        e = Math.FusedMultiplyAdd(e, x, 1.0 / 6);
        e = Math.FusedMultiplyAdd(e, x, 1.0 / 2);
        e = Math.FusedMultiplyAdd(e, x, 1);
        return Math.FusedMultiplyAdd(e, x, 1);
    }

    /// <summary>x·2^exponent in two steps, of which neither leaves the range of exponents.</summary>
    private static double Scale(double x, int exponent)
    {
        int half = exponent / 2;
        return x * PowerOfTwo(half) * PowerOfTwo(exponent - half);
    }

    private static double PowerOfTwo(int exponent) => BitConverter.Int64BitsToDouble((exponent + 1023L) << 52);

    private static double Limit(double x) => double.IsNaN(x) ? x : x > 0 ? double.PositiveInfinity : 0;
}
