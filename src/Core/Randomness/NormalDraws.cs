namespace Atelier.Core.Randomness;

/// <summary>
/// Standard normal numbers by Box and Muller's transform (1958), in float64: the reference for the kernels' fill,
/// which has the same bits.
/// Pair <c>p</c> takes the uniforms of block <c>p</c>: <c>u1 = 1 − u(words 0, 1)</c> in (0, 1] and <c>u2 = u(words 2, 3)</c>
/// in [0, 1). Element <c>2p</c> is <c>√(−2 ln u1)·cos(2πu2)</c>, element <c>2p + 1</c> is <c>√(−2 ln u1)·sin(2πu2)</c>.
/// </summary>
public static class NormalDraws
{
    /// <summary>One element of a normal draw.</summary>
    public static double At(DrawKey key, ulong element)
    {
        var (philoxKey, high) = key.ToPhilox();
        var (first, second) = Philox4x32.Block64(philoxKey, high, element / 2);
        var radius = Math.Sqrt(-2 * DeterministicMath.Log(1 - Philox4x32.ToUnitInterval(first)));
        var (sin, cos) = DeterministicMath.SinCosOfTurns(Philox4x32.ToUnitInterval(second));
        return radius * (element % 2 == 0 ? cos : sin);
    }
}
