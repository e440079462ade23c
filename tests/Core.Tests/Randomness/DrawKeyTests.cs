using Atelier.Core.Randomness;

namespace Atelier.Core.Tests.Randomness;

public class DrawKeyTests
{
    private static readonly DrawKey Base = new(7, 1, DrawPurpose.Latent, 12, 2, 3, 4);

    public static TheoryData<DrawKey> Neighbours => new(
        Base with { Seed = 8 }, Base with { Branch = 2 }, Base with { Purpose = DrawPurpose.SecondLatent },
        Base with { Iteration = 13 }, Base with { Phase = 3 }, Base with { Index = 4 }, Base with { Layer = 5 },
        Base with { Phase = 4, Layer = 2 }, Base with { Iteration = 3, Index = 12 });

    [Theory]
    [MemberData(nameof(Neighbours))]
    public void ToPhilox_AnyFieldChanged_ChangesHalfTheBits(DrawKey other)
    {
        var (key, high) = Base.ToPhilox();
        var (otherKey, otherHigh) = other.ToPhilox();
        // 128 bits, half expected, standard deviation 5.7: outside these bounds once in 10⁶ and fixed for ever.
        Assert.InRange(ulong.PopCount(key ^ otherKey) + ulong.PopCount(high ^ otherHigh), 36UL, 92UL);
    }

    [Fact]
    public void ToPhilox_ManyKeys_NeverMeet()
    {
        var seen = new HashSet<(ulong, ulong)>();
        var keys = 0;
        foreach (var purpose in Enum.GetValues<DrawPurpose>())
            for (var iteration = 0; iteration < 10; iteration++)
                for (var phase = 0; phase < 4; phase++)
                    for (var index = 0; index < 8; index++)
                        for (var layer = 0; layer < 6; layer++, keys++)
                            seen.Add(new DrawKey(0, 0, purpose, iteration, phase, index, layer).ToPhilox());

        Assert.Equal(keys, seen.Count);
    }

    /// <summary>The trajectory stands on this derivation: another value here is another numerics version.</summary>
    [Fact]
    public void ToPhilox_GivenKey_IsPinned()
    {
        var (a, b) = Philox4x32.Block64(7, (1UL << 32) | 2, 12);
        Assert.Equal(Philox4x32.Block64(a, b ^ 3, (2UL << 32) | 4), Base.ToPhilox());
    }

    [Fact]
    public void DrawPurpose_Values_AreUniqueAndPinned()
    {
        var values = Enum.GetValues<DrawPurpose>();
        Assert.Equal(values.Length, values.Distinct().Count());
        Assert.Equal(2, (int)DrawPurpose.Latent);
        Assert.Equal(10, (int)DrawPurpose.DataOrder);
        Assert.Equal(18, (int)DrawPurpose.Evaluation);
    }
}
