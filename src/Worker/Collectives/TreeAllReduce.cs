using System.Numerics;
using System.Runtime.CompilerServices;
using Atelier.Worker.Collectives.Links;

namespace Atelier.Worker.Collectives;

/// <summary>
/// Sums buffers of all ranks in the order of the reduction tree: a reduce-scatter (every rank adds one chunk for all), then
/// an all-gather, both in a stream of segments. The bits are those of one process that held every shard.
/// </summary>
/// <param name="plan">Who holds what; the same on all ranks.</param>
/// <param name="links">This rank's links.</param>
/// <param name="patience">How long nothing may move.</param>
/// <param name="time">Measures it.</param>
internal sealed class TreeAllReduce(AllReducePlan plan, IRankLinks links, TimeSpan patience, TimeProvider time)
{
    // A wait looks at the clock this often. Whatever it waits for wakes it sooner.
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(100);

    private long _operations;
    private volatile int _awaited = Nobody;

    private const int Nobody = -1;

    /// <summary>The rank that a wait which has lasted a while is for; null while nothing stands still. From any thread.</summary>
    public int? Awaited => _awaited is var rank and not Nobody ? rank : null;

    /// <summary>Memory for intermediate sums, in bytes.</summary>
    /// <param name="elementBytes">Bytes of an element.</param>
    public long ScratchBytes(int elementBytes) => (long)plan.Sum.Depth * Exchange<float>.BlockElements * elementBytes;

    /// <summary>Sums; the first piece receives the result.</summary>
    /// <typeparam name="T">The elements' type.</typeparam>
    /// <param name="phase">Name of the wait, for messages; the same on all ranks.</param>
    /// <param name="pieces">This rank's subtree sums in the plan's order, all of one length.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="CollectiveException">A rank is gone, silent for too long, or does something else.</exception>
    public void Run<T>(string phase, IReadOnlyList<Memory<byte>> pieces, CancellationToken cancellation) where T : unmanaged, INumberBase<T>
    {
        int elementBytes = Unsafe.SizeOf<T>();
        var header = new SegmentHeader(_operations++, SegmentHeader.FingerprintOf(phase, pieces[0].Length / elementBytes, elementBytes, plan), 0);
        var scratch = new T[plan.Sum.Depth][];
        for (int depth = 0; depth < scratch.Length; depth++)
            scratch[depth] = new T[Exchange<T>.BlockElements];
        var exchange = new Exchange<T>(plan, links, pieces, header, scratch);
        using var wake = cancellation.UnsafeRegister(static state => ((IRankLinks)state!).Wake(), links);
        long moved = time.GetTimestamp();
        try
        {
            while (!exchange.IsDone)
            {
                // In this order: what came before a rank was found gone is taken before it is missed.
                int signal = links.Signal;
                var gone = links.Gone;
                if (exchange.Advance())
                {
                    (moved, _awaited) = (time.GetTimestamp(), Nobody);
                    continue;
                }
                cancellation.ThrowIfCancellationRequested();
                if (gone.Any(exchange.IsOpenWith))
                    throw Failure(CollectiveFault.PeerGone, phase, gone, $"misses rank {string.Join(" and rank ", gone)}, which is gone");
                if (time.GetElapsedTime(moved) is var waited && waited >= Glance)
                    _awaited = exchange.Awaited().Ranks is [var first, ..] ? first : Nobody;
                if (waited >= patience)
                {
                    var (ranks, what) = exchange.Awaited();
                    throw Failure(CollectiveFault.Deadline, phase, ranks, $"waited {waited.TotalSeconds:0.#} s for {what} from rank {string.Join(" and rank ", ranks)}");
                }
                links.Wait(signal, Glance);
            }
        }
        catch (MismatchException e)
        {
            throw Failure(CollectiveFault.Mismatch, phase, [e.Rank], $"received from rank {e.Rank} what belongs to another phase, length or plan");
        }
        finally
        {
            _awaited = Nobody;
        }
    }

    private CollectiveException Failure(CollectiveFault fault, string phase, IReadOnlyList<int> ranks, string detail)
    {
        links.Blame(ranks[0]);
        return new CollectiveException(fault, phase, links.Rank, ranks, detail);
    }
}
