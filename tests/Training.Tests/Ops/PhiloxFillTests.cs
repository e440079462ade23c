using Atelier.Core.Randomness;
using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Ops;

/// <summary>The native fills against the references in Core, bit for bit.</summary>
public class PhiloxFillTests
{
    private const ulong Key = 0x0123456789abcdef;
    private const ulong CounterHigh = 0xfedcba9876543210;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4_000_000_001)]
    public void Uniform_AnyElement_IsTheReferences(ulong first)
    {
        using var scope = NewDisposeScope();
        var values = zeros(101, float64);
        PhiloxFill.Uniform(values, Key, CounterHigh, first);
        Assert.Equal(Enumerable.Range(0, 101).Select(i => UniformAt(first + (ulong)i)), values.data<double>().ToArray());
    }

    [Fact]
    public void Normal_AnyElement_IsBoxMullerOfTheReferences()
    {
        using var scope = NewDisposeScope();
        var values = zeros(1000, float64);
        PhiloxFill.Normal(values, Key, CounterHigh, 7);
        // The reference takes the C library's functions, whose last bits are its own.
        Assert.All(values.data<double>().ToArray().Select((value, i) => (value, i)), pair => Assert.Equal(NormalAt((ulong)pair.i + 7), pair.value, 1e-14));
    }

    [Fact]
    public void Normal_Float32_IsTheDoubleRounded()
    {
        using var scope = NewDisposeScope();
        var values = zeros(10, float32);
        PhiloxFill.Normal(values, Key, CounterHigh);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => (float)NormalAt((ulong)i)), values.data<float>().ToArray());
    }

    private static double UniformAt(ulong element)
    {
        var (even, odd) = Philox4x32.Block64(Key, CounterHigh, element / 2);
        return Philox4x32.ToUnitInterval(element % 2 == 0 ? even : odd);
    }

    private static double NormalAt(ulong element)
    {
        ulong even = element & ~1UL;
        double radius = Math.Sqrt(-2 * Math.Log(1 - UniformAt(even))), angle = 2 * Math.PI * UniformAt(even + 1);
        return radius * (element % 2 == 0 ? Math.Cos(angle) : Math.Sin(angle));
    }
}
