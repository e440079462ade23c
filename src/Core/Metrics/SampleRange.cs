using Atelier.Core.Randomness;

namespace Atelier.Core.Metrics;

/// <summary>Consecutive samples of an evaluation: the unit of its work. Whoever computes a range gets the same numbers.</summary>
/// <param name="Start">Index of the first.</param>
/// <param name="Count">At least 1.</param>
public readonly record struct SampleRange(int Start, int Count)
{
    /// <summary>
    /// Samples in a range. A constant: where ranges end decides in which order sums are added, and so the bits of a result.
    /// </summary>
    public const int Size = 256;

    public int End => Start + Count;

    /// <summary>Cuts the samples into ranges, the last one being what is left.</summary>
    public static IReadOnlyList<SampleRange> Cut(int samples)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(samples);
        return [.. Enumerable.Range(0, (samples + Size - 1) / Size).Select(i => new SampleRange(i * Size, Math.Min(Size, samples - (i * Size))))];
    }

    /// <summary>Cuts the range into pieces of at most <paramref name="size"/>, in order.</summary>
    public IEnumerable<SampleRange> Pieces(int size)
    {
        for (int at = Start; at < End; at += size)
            yield return new SampleRange(at, Math.Min(size, End - at));
    }
}

/// <summary>Subsets drawn without replacement, as a function of a key.</summary>
public static class RandomSubset
{
    /// <summary>Draws the first <paramref name="count"/> places of a shuffle (Fisher and Yates) of [0, <paramref name="of"/>).</summary>
    /// <param name="count">At most <paramref name="of"/>.</param>
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
