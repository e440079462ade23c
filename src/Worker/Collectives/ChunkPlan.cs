namespace Atelier.Worker.Collectives;

/// <summary>
/// How a buffer is cut: a chunk for each rank, which sums it for all, and segments of a chunk, which travel one by one. The
/// last chunks are short or empty if the buffer is.
/// </summary>
/// <param name="length">Elements of the buffer.</param>
/// <param name="ranks">Number of ranks.</param>
/// <param name="segment">Elements of a segment, at least 1.</param>
internal readonly struct ChunkPlan(long length, int ranks, int segment)
{
    // A cache line of the smallest elements, so that chunks of two ranks share none.
    private const int Alignment = 16;

    private readonly long _chunk = (length + ranks - 1) / ranks is var even && even % Alignment == 0 ? even : even + Alignment - even % Alignment;

    /// <summary>Elements in a rank's chunk.</summary>
    public long LengthOf(int rank) => Math.Clamp(length - rank * _chunk, 0, _chunk);

    /// <summary>Segments in a rank's chunk.</summary>
    public int SegmentsOf(int rank) => (int)((LengthOf(rank) + segment - 1) / segment);

    /// <summary>Where a segment lies in the buffer, in elements.</summary>
    /// <param name="rank">Whose chunk.</param>
    /// <param name="index">Which segment of it.</param>
    public (int Start, int Count) Segment(int rank, int index)
    {
        long offset = (long)index * segment;
        return (checked((int)(rank * _chunk + offset)), (int)Math.Min(segment, LengthOf(rank) - offset));
    }
}
