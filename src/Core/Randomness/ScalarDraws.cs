namespace Atelier.Core.Randomness;

/// <summary>Single random numbers as pure functions of a <see cref="DrawKey"/> and an element index.</summary>
public static class ScalarDraws
{
    /// <summary>The 64 random bits of an element, by the layout that <see cref="Philox4x32"/> documents.</summary>
    public static ulong Word(DrawKey key, ulong element = 0)
    {
        var (philoxKey, high) = key.ToPhilox();
        var (even, odd) = Philox4x32.Block64(philoxKey, high, element / 2);
        return element % 2 == 0 ? even : odd;
    }

    /// <summary>A uniform number in [0, 1) with 53 random bits.</summary>
    public static double Uniform(DrawKey key, ulong element = 0) => Philox4x32.ToUnitInterval(Word(key, element));

    /// <summary>True with the given probability: <c>Uniform &lt; probability</c>.</summary>
    /// <param name="probability">In [0, 1]; 0 is never, 1 always.</param>
    public static bool Bernoulli(DrawKey key, double probability, ulong element = 0) => Uniform(key, element) < probability;

    /// <summary>
    /// An integer in [0, exclusiveBound): the high half of the 128-bit product word · bound (Lemire 2019, without the
    /// rejection step), so that each value's probability differs from 1/bound by less than 2⁻⁶⁴.
    /// </summary>
    /// <param name="exclusiveBound">At least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The bound is below 1.</exception>
    public static long Below(DrawKey key, long exclusiveBound, ulong element = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(exclusiveBound, 1);
        return (long)Math.BigMul(Word(key, element), (ulong)exclusiveBound, out _);
    }
}
