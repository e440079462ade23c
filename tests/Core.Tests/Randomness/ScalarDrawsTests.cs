using Atelier.Core.Randomness;

namespace Atelier.Core.Tests.Randomness;

public class ScalarDrawsTests
{
    private static readonly DrawKey Key = new(1, 0, DrawPurpose.Probe);

    [Fact]
    public void Uniform_EvenAndOddElements_TakeTheBlocksTwoWords()
    {
        var (key, high) = Key.ToPhilox();
        var (even, odd) = Philox4x32.Block64(key, high, 5);
        Assert.Equal(Philox4x32.ToUnitInterval(even), ScalarDraws.Uniform(Key, 10));
        Assert.Equal(Philox4x32.ToUnitInterval(odd), ScalarDraws.Uniform(Key, 11));
    }

    [Fact]
    public void Uniform_ManyElements_HasTheMomentsOfAUniform()
    {
        const int n = 100_000;
        var draws = Enumerable.Range(0, n).Select(i => ScalarDraws.Uniform(Key, (ulong)i)).ToArray();
        Assert.All(draws, u => Assert.InRange(u, 0, 1 - double.Epsilon));
        Assert.Equal(0.5, draws.Average(), 2e-2 / 4);
        Assert.Equal(1.0 / 12, draws.Average(u => (u - 0.5) * (u - 0.5)), 1e-3);
    }

    [Theory]
    [InlineData(0.0, 0.0)]
    [InlineData(0.9, 0.9)]
    [InlineData(1.0, 1.0)]
    public void Bernoulli_Probability_IsTheFrequency(double probability, double frequency)
    {
        const int n = 20_000;
        var hits = Enumerable.Range(0, n).Count(i => ScalarDraws.Bernoulli(Key, probability, (ulong)i));
        Assert.Equal(frequency, hits / (double)n, 0.01);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void Below_SmallBound_FillsTheRangeEvenly(long bound)
    {
        const int n = 35_000;
        var counts = new int[bound];
        for (var i = 0UL; i < n; i++) counts[ScalarDraws.Below(Key, bound, i)]++;
        Assert.All(counts, count => Assert.Equal(n / (double)bound, count, n / (double)bound * 0.05));
    }

    [Fact]
    public void Below_LargestBound_StaysInRange() =>
        Assert.All(Enumerable.Range(0, 1000), i =>
            Assert.InRange(ScalarDraws.Below(Key, long.MaxValue, (ulong)i), 0, long.MaxValue - 1));

    [Fact]
    public void Below_BoundBelowOne_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ScalarDraws.Below(Key, 0));
}
