namespace Atelier.Core.Randomness;

/// <summary>
/// Philox-4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as
/// 1, 2, 3" (SC 2011), §3.3: a keyed bijection of 128-bit counters. It has no state, so any element of any draw can be
/// computed by anyone at any time.
/// </summary>
/// <remarks>
/// <para>Conversions, identical in the kernels' fills:</para>
/// <list type="bullet">
/// <item>A 64-bit word is <c>(w1 &lt;&lt; 32) | w0</c> of two neighbouring 32-bit words; a block has two.</item>
/// <item>Element <c>e</c> of a draw is the word <c>e % 2</c> of block <c>e / 2</c>: words (0, 1) for even and (2, 3) for
/// odd <c>e</c>.</item>
/// <item>Uniform: <c>u = (word >> 11) · 2⁻⁵³</c>, in [0, 1).</item>
/// <item>Normal: see <see cref="NormalDraws"/>.</item>
/// <item>A float32 destination holds the float64 value, rounded.</item>
/// </list>
/// </remarks>
public static class Philox4x32
{
    private const int Rounds = 10;
    private const uint Multiplier0 = 0xD2511F53;
    private const uint Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9;
    private const uint Weyl1 = 0xBB67AE85;

    /// <summary>One block: four 32-bit words.</summary>
    /// <param name="key">Both key words, the first in the low half.</param>
    /// <param name="counterHigh">Counter words 2 and 3, word 2 in the low half.</param>
    /// <param name="counterLow">Counter words 0 and 1, word 0 in the low half; the block's index within a draw.</param>
    public static (uint W0, uint W1, uint W2, uint W3) Block(ulong key, ulong counterHigh, ulong counterLow)
    {
        uint c0 = (uint)counterLow, c1 = (uint)(counterLow >> 32);
        uint c2 = (uint)counterHigh, c3 = (uint)(counterHigh >> 32);
        uint k0 = (uint)key, k1 = (uint)(key >> 32);
        for (var round = 0; round < Rounds; round++)
        {
            var product0 = (ulong)Multiplier0 * c0;
            var product1 = (ulong)Multiplier1 * c2;
            (c0, c1, c2, c3) = (
                (uint)(product1 >> 32) ^ c1 ^ k0, (uint)product1,
                (uint)(product0 >> 32) ^ c3 ^ k1, (uint)product0);
            unchecked
            {
                k0 += Weyl0;
                k1 += Weyl1;
            }
        }

        return (c0, c1, c2, c3);
    }

    /// <summary>The block as two 64-bit words, the lower-numbered 32-bit word in each low half.</summary>
    /// <param name="key">As in <see cref="Block"/>.</param>
    /// <param name="counterHigh">As in <see cref="Block"/>.</param>
    /// <param name="counterLow">As in <see cref="Block"/>.</param>
    public static (ulong Even, ulong Odd) Block64(ulong key, ulong counterHigh, ulong counterLow)
    {
        var (w0, w1, w2, w3) = Block(key, counterHigh, counterLow);
        return (((ulong)w1 << 32) | w0, ((ulong)w3 << 32) | w2);
    }

    /// <summary>The uniform in [0, 1) that a 64-bit word stands for: its upper 53 bits.</summary>
    /// <param name="word">A word of <see cref="Block64"/>.</param>
    public static double ToUnitInterval(ulong word) => (word >> 11) * (1.0 / (1UL << 53));
}
