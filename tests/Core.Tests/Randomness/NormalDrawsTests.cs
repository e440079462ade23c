using Atelier.Core.Randomness;

namespace Atelier.Core.Tests.Randomness;

public class NormalDrawsTests
{
    private static readonly DrawKey Key = new(3, 0, DrawPurpose.Latent, 1, 2, 3);

    [Fact]
    public void At_Pair_IsBoxMullerOfOneBlock()
    {
        var (key, high) = Key.ToPhilox();
        var (first, second) = Philox4x32.Block64(key, high, 4);
        double u1 = 1 - Philox4x32.ToUnitInterval(first), u2 = Philox4x32.ToUnitInterval(second);
        var radius = Math.Sqrt(-2 * Math.Log(u1));
        Assert.Equal(radius * Math.Cos(2 * Math.PI * u2), NormalDraws.At(Key, 8), 1e-14);
        Assert.Equal(radius * Math.Sin(2 * Math.PI * u2), NormalDraws.At(Key, 9), 1e-14);
    }

    [Fact]
    public void At_ManyElements_HasTheMomentsOfANormal()
    {
        const int n = 200_000;
        var draws = Enumerable.Range(0, n).Select(i => NormalDraws.At(Key, (ulong)i)).ToArray();
        Assert.All(draws, z => Assert.True(double.IsFinite(z)));
        Assert.Equal(0, draws.Average(), 0.01);
        Assert.Equal(1, draws.Average(z => z * z), 0.02);
        Assert.Equal(0, draws.Average(z => z * z * z), 0.04);
        Assert.Equal(3, draws.Average(z => z * z * z * z), 0.1);
        // Neighbours share a block and must still be uncorrelated.
        Assert.Equal(0, Enumerable.Range(0, n / 2).Average(p => draws[2 * p] * draws[2 * p + 1]), 0.015);
    }
}
