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

    /// <summary>One past the last.</summary>
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
