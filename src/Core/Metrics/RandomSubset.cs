using Atelier.Core.Randomness;

namespace Atelier.Core.Metrics;

/// <summary>Subsets drawn without replacement, as a function of a key.</summary>
public static class RandomSubset
{
    /// <summary>Draws the first <paramref name="count"/> places of a shuffle (Fisher and Yates) of [0, <paramref name="of"/>).</summary>
    /// <param name="key">The draw.</param>
    /// <param name="count">At most <paramref name="of"/>.</param>
    /// <param name="of">How many there are to choose from.</param>
    public static long[] Draw(DrawKey key, int count, int of)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, of);
        var all = new long[of];
        for (int i = 0; i < of; i++)
            all[i] = i;
        for (int i = 0; i < count; i++)
        {
            long other = i + ScalarDraws.Below(key, of - i, (ulong)i);
            (all[i], all[other]) = (all[other], all[i]);
        }
        return all[..count];
    }
}
