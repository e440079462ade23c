using Atelier.Core.Randomness;

namespace Atelier.Kernels.Tests;

public sealed unsafe class PhiloxFillTests
{
    private const ulong Key = 0x1234_5678_9ABC_DEF0, High = 0xFEDC_BA98_7654_3210;

    [Fact]
    public void Uniform_KnownAnswer_IsRandom123s()
    {
        // Key 0, counter 0: 6627e8d5 e169c58d bc57ac4c 9b00dbd8.
        double* u = stackalloc double[2];
        PhiloxFill.Uniform(2, u, 0, 0, 0);
        Assert.Equal(Philox4x32.ToUnitInterval(0xe169c58d6627e8d5), u[0]);
        Assert.Equal(Philox4x32.ToUnitInterval(0x9b00dbd8bc57ac4c), u[1]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData((1UL << 33) - 5)] // the block's upper word carries on the way
    public void Fill_AnyElement_IsThatOfTheScalarDraw(ulong first)
    {
        const int Count = 1000;
        var key = new DrawKey(3, 0, DrawPurpose.Latent, 1, 2, 3);
        var (philoxKey, high) = key.ToPhilox();
        var uniform = new double[Count];
        var normal = new double[Count];
        fixed (double* u = uniform, z = normal)
        {
            PhiloxFill.Uniform(Count, u, philoxKey, high, first);
            PhiloxFill.Normal(Count, z, philoxKey, high, first);
        }
        for (int i = 0; i < Count; i++)
        {
            Assert.Equal(ScalarDraws.Uniform(key, first + (ulong)i), uniform[i]);
            Assert.Equal(NormalDraws.At(key, first + (ulong)i), normal[i]);
        }
    }

    [Fact]
    public void Fill_AnySlice_IsThatSliceOfTheWhole()
    {
        const int Count = 20_001;
        var whole = new double[Count];
        fixed (double* z = whole)
            PhiloxFill.Normal(Count, z, Key, High, 0);
        foreach (int first in new[] { 0, 1, 2, 1023, Count - 9, Count - 1 })
        {
            foreach (int count in new[] { 0, 1, 2, 7, 8, 9, 10_000 }.Where(count => first + count <= Count))
            {
                using var slice = new Floats(count);
                PhiloxFill.Normal(count, slice.Pointer, Key, High, (ulong)first);
                slice.Bits();
                Assert.Equal(whole[first..(first + count)].Select(z => (float)z), slice.Span.ToArray());
            }
        }
    }

    [Fact]
    public void Fill_SeveralThreads_SameBits()
    {
        EveryWidth.SameBits(() =>
        {
            using var z = new Floats(50_001);
            PhiloxFill.Normal(z.Count, z.Pointer, Key, High, 5);
            return z.Bits();
        });
    }

    [Fact]
    public void Normal_ManyDraws_HaveTheDistribution()
    {
        const int Count = 400_000;
        using var draws = new Floats(Count);
        PhiloxFill.Normal(Count, draws.Pointer, Key, High, 0);
        var z = draws.Span.ToArray().Select(v => (double)v).Order().ToArray();
        Assert.Equal(0, z.Average(), 5 / Math.Sqrt(Count));
        Assert.Equal(1, z.Average(v => v * v), 5 * Math.Sqrt(2.0 / Count));
        Assert.Equal(0, z.Average(v => v * v * v), 5 * Math.Sqrt(15.0 / Count));
        Assert.Equal(3, z.Average(v => v * v * v * v), 5 * Math.Sqrt(96.0 / Count));
        // Kolmogorov and Smirnov, at a level of one in a million.
        double distance = Enumerable.Range(0, Count).Max(i => Math.Abs(((i + 0.5) / Count) - Cumulative(z[i])));
        Assert.True(distance < 2.7 / Math.Sqrt(Count), $"{distance}");
    }

    /// <summary>Φ by the series of the error function, which converges where draws lie.</summary>
    private static double Cumulative(double z)
    {
        if (Math.Abs(z) > 6)
            return z > 0 ? 1 : 0;
        double term = z, sum = z;
        for (int k = 1; k < 120; k++)
            sum += term *= z * z / ((2 * k) + 1);
        return 0.5 + (sum * Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI));
    }
}
