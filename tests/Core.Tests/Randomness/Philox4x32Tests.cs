using Atelier.Core.Randomness;

namespace Atelier.Core.Tests.Randomness;

public class Philox4x32Tests
{
    /// <summary>Known answers of Random123 (kat_vectors, philox4x32, 10 rounds).</summary>
    [Theory]
    [InlineData(0x0000000000000000, 0x0000000000000000, 0x0000000000000000, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8)]
    [InlineData(0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd)]
    [InlineData(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88, 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1)]
    public void Block_KnownAnswer_Matches(ulong key, ulong high, ulong low, uint w0, uint w1, uint w2, uint w3)
    {
        Assert.Equal((w0, w1, w2, w3), Philox4x32.Block(key, high, low));
        Assert.Equal((((ulong)w1 << 32) | w0, ((ulong)w3 << 32) | w2), Philox4x32.Block64(key, high, low));
    }

    [Fact]
    public void ToUnitInterval_Extremes_StayInHalfOpenInterval()
    {
        Assert.Equal(0, Philox4x32.ToUnitInterval(0));
        Assert.Equal(0, Philox4x32.ToUnitInterval(2047));
        Assert.Equal(Math.ScaleB(1, -53), Philox4x32.ToUnitInterval(2048));
        Assert.Equal(1 - Math.ScaleB(1, -53), Philox4x32.ToUnitInterval(ulong.MaxValue));
    }
}
