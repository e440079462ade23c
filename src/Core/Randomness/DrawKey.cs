namespace Atelier.Core.Randomness;

/// <summary>
/// The identity of one random draw: everything that may change it, and nothing else (no rank, no world size, no
/// history). Equal keys give equal numbers on any machine.
/// </summary>
/// <param name="Seed">The run's seed.</param>
/// <param name="Branch">The run's branch; 0 until a branching change or a rollback.</param>
/// <param name="Purpose">What the draw is for.</param>
/// <param name="Iteration">Iteration, or epoch for the data order.</param>
/// <param name="Phase">The phase of the iteration, as its enum value; 0 outside phases.</param>
/// <param name="Index">Shard or image index; 0 where there is none.</param>
/// <param name="Layer">Layer or parameter index; 0 where there is none.</param>
public readonly record struct DrawKey(
    ulong Seed, uint Branch, DrawPurpose Purpose, long Iteration = 0, int Phase = 0, long Index = 0, int Layer = 0)
{
    /// <summary>
    /// The Philox key and the high half of the counter under which the draw's elements stand; the low half counts
    /// blocks within the draw.
    /// </summary>
    /// <remarks>
    /// The fields (320 bits) are absorbed in two blocks. First
    /// <c>(a, b) = Block64(key: Seed, high: Branch·2³² | Purpose, low: Iteration)</c>, then
    /// <c>(Key, CounterHigh) = Block64(key: a, high: b ⊕ Index, low: Phase·2³² | Layer)</c>. Within one seed the first is
    /// a bijection of (branch, purpose, iteration), and for given (a, b) the second is one of (index, phase, layer);
    /// beyond that two keys meet with the probability of two random 128-bit numbers.
    /// </remarks>
    public (ulong Key, ulong CounterHigh) ToPhilox()
    {
        var (a, b) = Philox4x32.Block64(Seed, ((ulong)Branch << 32) | (uint)Purpose, (ulong)Iteration);
        return Philox4x32.Block64(a, b ^ (ulong)Index, ((ulong)(uint)Phase << 32) | (uint)Layer);
    }
}
