using Atelier.Core.Randomness;

namespace Atelier.Core.Tests.Randomness;

public class DeterministicMathTests
{
    private static readonly Random s_random = new(7);

    /// <summary>The C library is itself within 1 ulp.</summary>
    private static void Near(double expected, double actual, double ulps) =>
        Assert.Equal(expected, actual, ulps * Math.Max(Math.BitIncrement(Math.Abs(expected)) - Math.Abs(expected), double.Epsilon));

    [Fact]
    public void Log_AnyScale_IsTheLogarithm()
    {
        for (int i = 0; i < 100_000; i++)
        {
            double x = Math.ScaleB(1 + s_random.NextDouble(), s_random.Next(-1022, 1023));
            Near(Math.Log(x), DeterministicMath.Log(x), 1);
            double nearOne = 1 + (Math.ScaleB(s_random.NextDouble() - 0.5, -s_random.Next(0, 40)));
            Near(Math.Log(nearOne), DeterministicMath.Log(nearOne), 2);
        }
        Assert.Equal(0, DeterministicMath.Log(1));
        Near(-53 * Math.Log(2), DeterministicMath.Log(1.0 / (1UL << 53)), 1);
    }

    [Fact]
    public void Exp_AnyArgument_IsThePower()
    {
        for (int i = 0; i < 100_000; i++)
        {
            double x = (s_random.NextDouble() - 0.5) * 1400;
            Near(Math.Exp(x), DeterministicMath.Exp(x), 1.5);
            Near(Math.Pow(2, x), DeterministicMath.Exp2(x), 1.5);
            double small = (s_random.NextDouble() - 0.5) * 2;
            Near(Math.Exp(small), DeterministicMath.Exp(small), 1.5);
        }
        Assert.Equal([1, 1, 2, 0.5, 1024], new[] { DeterministicMath.Exp(0), DeterministicMath.Exp2(0), DeterministicMath.Exp2(1), DeterministicMath.Exp2(-1), DeterministicMath.Exp2(10) });
    }

    [Fact]
    public void Exp_BeyondTheRange_IsZeroOrInfinity()
    {
        Assert.Equal(0, DeterministicMath.Exp2(-4e9));
        Assert.Equal(0, DeterministicMath.Exp(-800));
        Assert.Equal(double.PositiveInfinity, DeterministicMath.Exp2(2000));
        Assert.Equal(double.PositiveInfinity, DeterministicMath.Exp(710));
        Assert.Equal(double.Epsilon, DeterministicMath.Exp2(-1074));
        Assert.Equal(double.NaN, DeterministicMath.Exp2(double.NaN));
    }

    [Fact]
    public void Pow_DecaysOfLazyRegularisation_AreThePowers()
    {
        foreach (double x in new[] { 1e-300, .1, .5, .9, .99, .999, 1 })
        {
            foreach (double y in new[] { 4 / 5.0, 16 / 17.0, 1 })
                Near(Math.Pow(x, y), DeterministicMath.Pow(x, y), x < .1 ? 1000 : 3);
        }
        Assert.Equal(0, DeterministicMath.Pow(0, 0.8));
    }

    [Fact]
    public void SinAndCos_AnyAngle_AreTheCoordinates()
    {
        for (int i = 0; i < 100_000; i++)
        {
            double x = (s_random.NextDouble() - 0.5) * (i % 2 == 0 ? 8 : 1e5);
            Assert.Equal(Math.Sin(x), DeterministicMath.Sin(x), 2.3e-16);
            Assert.Equal(Math.Cos(x), DeterministicMath.Cos(x), 2.3e-16);
        }
        Near(Math.Sin(Math.PI), DeterministicMath.Sin(Math.PI), 1);
        Near(Math.Cos(Math.PI / 2), DeterministicMath.Cos(Math.PI / 2), 1);
    }

    [Fact]
    public void SinCosOfTurns_TheUnitInterval_IsTheCircle()
    {
        for (int i = 0; i <= 100_000; i++)
        {
            double turns = i / 100_000.0;
            var (sin, cos) = DeterministicMath.SinCosOfTurns(turns);
            Assert.Equal(Math.Sin(2 * Math.PI * turns), sin, 1e-15); // the rounding of 2πt is the test's
            Assert.Equal(Math.Cos(2 * Math.PI * turns), cos, 1e-15);
            Assert.Equal(1, (sin * sin) + (cos * cos), 5e-16);
        }
        Assert.Equal((1, 0), DeterministicMath.SinCosOfTurns(0.25));
        Assert.Equal((0, -1), DeterministicMath.SinCosOfTurns(0.5));
    }
}
