using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Atelier.Worker.Collectives.Links;

namespace Atelier.Worker.Collectives;

/// <summary>
/// One all-reduce under way, on one rank. Three streams run side by side, a segment at a time: this rank's pieces of the
/// others' chunks go out; its own chunk is added in tree order as the others' pieces come in, and the sum goes to all; the
/// others' sums come in. Whatever is possible is done; nothing here waits.
/// </summary>
/// <remarks>
/// The result takes the place of the first piece. That is safe: a chunk's sum can only come back after its pieces went out,
/// and this rank's own chunk is written after it was added up, in the memory of the links.
/// </remarks>
internal sealed class SegmentExchange<T> where T : unmanaged, INumberBase<T>
{
    /// <summary>Elements added at a time: what stays in the first cache from one addition to the next.</summary>
    public const int BlockElements = 2048;

    private readonly AllReducePlan _plan;
    private readonly IRankLinks _links;
    private readonly IReadOnlyList<Memory<byte>> _pieces;
    private readonly ChunkPlan _chunks;
    private readonly SegmentHeader _header;
    private readonly T[][] _scratch;
    private readonly int[] _sent;
    private readonly int[] _fetched;
    private int _added;
    private int _stepsLeft;

    /// <summary>Begins an all-reduce.</summary>
    /// <param name="plan">Who holds what.</param>
    /// <param name="pieces">This rank's pieces, each of the whole buffer; the first one receives the sum.</param>
    /// <param name="header">What the segments of this collective begin with.</param>
    /// <param name="scratch">At least as many blocks as the plan's sums are deep.</param>
    public SegmentExchange(AllReducePlan plan, IRankLinks links, IReadOnlyList<Memory<byte>> pieces, SegmentHeader header, T[][] scratch)
    {
        _plan = plan;
        _links = links;
        _pieces = pieces;
        _header = header;
        _scratch = scratch;
        _chunks = new ChunkPlan(Elements(0).Length, links.Ranks, SegmentElements(plan, links));
        _sent = new int[links.Ranks];
        _fetched = new int[links.Ranks];
        int own = _chunks.SegmentsOf(links.Rank);
        _stepsLeft = own + Others.Sum(peer => 2 * _chunks.SegmentsOf(peer));
    }

    /// <summary>Whether this rank has the sum, and everybody all that this rank has to give.</summary>
    public bool IsDone => _stepsLeft == 0;

    /// <summary>Whether a rank still has something to give or to take.</summary>
    public bool IsOpenWith(int rank) => !IsSent(rank) || !IsFetched(rank) || _added < _chunks.SegmentsOf(_links.Rank);

    private IEnumerable<int> Others => Enumerable.Range(0, _links.Ranks).Where(rank => rank != _links.Rank);

    /// <summary>Does whatever is possible, at most one segment of each stream.</summary>
    /// <returns>Whether anything was.</returns>
    /// <exception cref="MismatchException">A rank sends what belongs to no or another collective.</exception>
    public bool Advance()
    {
        bool moved = TryAdd();
        // Everybody begins with the rank behind it, so that not all send to the same one.
        for (int step = 1; step < _links.Ranks; step++)
        {
            int peer = (_links.Rank + step) % _links.Ranks;
            moved |= TrySend(peer);
            moved |= TryFetch(peer);
        }
        return moved;
    }

    /// <summary>Whom this rank waits for, and for what: the likeliest cause of a standstill.</summary>
    public (IReadOnlyList<int> Ranks, string What) Awaited()
    {
        List<int> silent = _added == _chunks.SegmentsOf(_links.Rank) ? [] : [.. Others.Where(rank => !_links.TryReceive(rank, toAll: false, out _))];
        if (silent.Count > 0)
            return (silent, "its part of the gradients");
        List<int> full = [.. Others.Where(rank => !IsSent(rank))];
        return full.Count > 0
            ? (full, "it to accept its part of the gradients")
            : ([.. Others.Where(rank => !IsFetched(rank))], "its sum");
    }

    private static int SegmentElements(AllReducePlan plan, IRankLinks links)
    {
        int elements = (links.SegmentBytes - SegmentHeader.Bytes) / (plan.MostPieces * Unsafe.SizeOf<T>());
        return elements > 0
            ? elements
            : throw new ArgumentException($"Segments of {links.SegmentBytes} bytes are too small for {plan.MostPieces} pieces.", nameof(links));
    }

    private bool TrySend(int peer)
    {
        if (IsSent(peer) || !_links.TryReserve(peer, out var room))
            return false;
        MemoryMarshal.Write(room, _header with { Segment = _sent[peer] });
        var (start, count) = _chunks.Segment(peer, _sent[peer]);
        var elements = MemoryMarshal.Cast<byte, T>(room[SegmentHeader.Bytes..]);
        for (int piece = 0; piece < _pieces.Count; piece++)
            Elements(piece).Slice(start, count).CopyTo(elements[(piece * count)..]);
        _links.Send(peer, BytesOf(_pieces.Count * count));
        _sent[peer]++;
        _stepsLeft--;
        return true;
    }

    private bool TryAdd()
    {
        int self = _links.Rank;
        if (_added == _chunks.SegmentsOf(self))
            return false;
        var (start, count) = _chunks.Segment(self, _added);
        for (int peer = 0; peer < _links.Ranks; peer++)
        {
            if (peer == self)
                continue;
            if (!_links.TryReceive(peer, toAll: false, out var segment))
                return false;
            Check(peer, segment, _added, _plan.Pieces[peer].Count * count);
        }
        if (!_links.TryReserve(self, out var room))
            return false;
        MemoryMarshal.Write(room, _header with { Segment = _added });
        var sums = MemoryMarshal.Cast<byte, T>(room[SegmentHeader.Bytes..])[..count];
        var mine = Elements(0).Slice(start, count);
        for (int offset = 0; offset < count; offset += BlockElements)
        {
            var block = new Block(start, count, offset, Math.Min(BlockElements, count - offset));
            var sum = sums.Slice(offset, block.Length);
            Add(_plan.Sum, block, sum, depth: 0);
            sum.CopyTo(mine[offset..]);
        }
        _links.Send(self, BytesOf(count));
        for (int peer = 0; peer < _links.Ranks; peer++)
        {
            if (peer != self)
                _links.Release(peer, toAll: false);
        }
        _added++;
        _stepsLeft--;
        return true;
    }

    private bool TryFetch(int peer)
    {
        if (IsFetched(peer) || !_links.TryReceive(peer, toAll: true, out var segment))
            return false;
        var (start, count) = _chunks.Segment(peer, _fetched[peer]);
        Check(peer, segment, _fetched[peer], count);
        MemoryMarshal.Cast<byte, T>(segment[SegmentHeader.Bytes..]).CopyTo(Elements(0)[start..]);
        _links.Release(peer, toAll: true);
        _fetched[peer]++;
        _stepsLeft--;
        return true;
    }

    // The result must not be where an operand is: this rank's first piece is one, so sums form in the links' memory.
    private void Add(SumNode node, in Block block, Span<T> sum, int depth)
    {
        var left = Operand(node.Left!, block, sum, depth);
        var right = Operand(node.Right!, block, _scratch[depth].AsSpan(0, block.Length), depth + 1);
        VectorSum.Add(left, right, sum);
    }

    private ReadOnlySpan<T> Operand(SumNode node, in Block block, Span<T> room, int depth)
    {
        if (node.Left is not null)
        {
            Add(node, block, room, depth);
            return room;
        }
        if (node.Rank == _links.Rank)
            return Elements(node.Piece).Slice(block.Start + block.Offset, block.Length);
        _links.TryReceive(node.Rank, toAll: false, out var segment);
        return MemoryMarshal.Cast<byte, T>(segment[SegmentHeader.Bytes..]).Slice(node.Piece * block.Count + block.Offset, block.Length);
    }

    private void Check(int peer, ReadOnlySpan<byte> segment, int index, int elements)
    {
        if (segment.Length != BytesOf(elements) || MemoryMarshal.Read<SegmentHeader>(segment) != _header with { Segment = index })
            throw new MismatchException(peer);
    }

    private bool IsSent(int rank) => _sent[rank] == _chunks.SegmentsOf(rank);

    private bool IsFetched(int rank) => _fetched[rank] == _chunks.SegmentsOf(rank);

    private Span<T> Elements(int piece) => MemoryMarshal.Cast<byte, T>(_pieces[piece].Span);

    private static int BytesOf(int elements) => SegmentHeader.Bytes + elements * Unsafe.SizeOf<T>();

    /// <summary>A part of a segment.</summary>
    /// <param name="Start">The segment's first element in the buffer.</param>
    /// <param name="Count">The segment's elements.</param>
    /// <param name="Offset">The block's first element in the segment.</param>
    /// <param name="Length">The block's elements.</param>
    private readonly record struct Block(int Start, int Count, int Offset, int Length);
}

/// <summary>What stands before each segment, so that ranks that disagree about what they do find out at once.</summary>
/// <param name="Operation">How many collectives came before.</param>
/// <param name="Fingerprint">A digest of phase, length, type and plan.</param>
/// <param name="Segment">The segment's index in its chunk.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct SegmentHeader(long Operation, ulong Fingerprint, int Segment)
{
    /// <summary>Bytes before a segment's elements: a cache line, which keeps them aligned.</summary>
    public const int Bytes = 64;

    private const ulong Offset = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    /// <summary>The digest (FNV-1a) of what all ranks must agree on.</summary>
    public static ulong FingerprintOf(string phase, long length, int elementBytes, AllReducePlan plan)
    {
        ulong hash = Offset;
        void Mix(ulong value) => hash = (hash ^ value) * Prime;
        foreach (char letter in phase)
            Mix(letter);
        Mix((ulong)length);
        Mix((ulong)elementBytes);
        foreach (var range in plan.Ranges)
            Mix((ulong)range.End);
        return hash;
    }
}

/// <summary>Elementwise sums, the bits of <see cref="Training.Step.PhaseSum"/>: IEEE additions, each element by itself.</summary>
internal static class VectorSum
{
    /// <summary>sum ← left + right; the sum may be either operand.</summary>
    /// <param name="left">Any length.</param>
    /// <param name="right">As long.</param>
    /// <param name="sum">As long.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // hot from the first call on, which tiers would take for cold
    public static void Add<T>(ReadOnlySpan<T> left, ReadOnlySpan<T> right, Span<T> sum) where T : unmanaged, INumberBase<T>
    {
        var sums = MemoryMarshal.Cast<T, Vector<T>>(sum);
        var lefts = MemoryMarshal.Cast<T, Vector<T>>(left)[..sums.Length];
        var rights = MemoryMarshal.Cast<T, Vector<T>>(right)[..sums.Length];
        for (int i = 0; i < sums.Length; i++)
            sums[i] = lefts[i] + rights[i];
        for (int i = sums.Length * Vector<T>.Count; i < sum.Length; i++)
            sum[i] = left[i] + right[i];
    }
}
