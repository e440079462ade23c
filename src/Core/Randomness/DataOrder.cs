namespace Atelier.Core.Randomness;

/// <summary>
/// The order in which a run sees its images: position p (images shown so far) lies in epoch p / count, and each epoch is
/// its own keyed permutation of [0, count), computed where it is needed and never stored.
/// </summary>
/// <remarks>
/// The permutation is a balanced Feistel network over the smallest even number of bits that holds the count, with
/// Philox as its round function, walked along its cycle until it lands below count (Black and Rogaway, "Ciphers with
/// Arbitrary Finite Domains", 2002). The domain is less than four times the count, so that a look-up takes under four
/// walks on average.
/// </remarks>
public sealed class DataOrder
{
    private const int Rounds = 8;

    private readonly ulong _seed;
    private readonly uint _branch;
    private readonly int _halfBits;
    private readonly ulong _halfMask;

    /// <param name="count">Images in the dataset, 1 to 2⁶².</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is outside its range.</exception>
    public DataOrder(ulong seed, uint branch, long count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 1L << 62);
        _seed = seed;
        _branch = branch;
        Count = count;
        // Bits that hold count − 1, halved and rounded up; at least one bit per side, so that a count of 1 or 2 works too.
        var bits = 64 - (int)ulong.LeadingZeroCount((ulong)count - 1);
        _halfBits = Math.Max(1, (bits + 1) / 2);
        _halfMask = (1UL << _halfBits) - 1;
    }

    public long Count { get; }

    /// <summary>The image shown at a position.</summary>
    /// <param name="position">Images shown before it, from the start of the run.</param>
    /// <returns>Its index in the dataset, in [0, count).</returns>
    /// <exception cref="ArgumentOutOfRangeException">The position is negative.</exception>
    public long ImageAt(long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        var (epoch, offset) = Math.DivRem(position, Count);
        var (key, high) = new DrawKey(_seed, _branch, DrawPurpose.DataOrder, Iteration: epoch).ToPhilox();
        var value = (ulong)offset;
        do
        {
            value = Permute(key, high, value);
        }
        while (value >= (ulong)Count);

        return (long)value;
    }

    /// <summary>Whether the image at a position is shown mirrored: a fair coin per position.</summary>
    /// <param name="position">Images shown before it, from the start of the run.</param>
    public bool MirrorAt(long position) =>
        ScalarDraws.Bernoulli(new DrawKey(_seed, _branch, DrawPurpose.Mirror, Index: position), 0.5);

    private ulong Permute(ulong key, ulong high, ulong value)
    {
        ulong left = value >> _halfBits, right = value & _halfMask;
        for (var round = 0UL; round < Rounds; round++)
        {
            // A half has at most 31 bits: round and half share the counter without colliding.
            var (mixed, _) = Philox4x32.Block64(key, high, (round << 32) | right);
            (left, right) = (right, left ^ (mixed & _halfMask));
        }

        return (left << _halfBits) | right;
    }
}
