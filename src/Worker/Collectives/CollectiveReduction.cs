using System.Numerics;
using System.Runtime.CompilerServices;
using Atelier.Core.Sharding;
using Atelier.Training.Step;
using Atelier.Worker.Collectives.Links;
using Atelier.Worker.Interop;
using static TorchSharp.torch;

namespace Atelier.Worker.Collectives;

/// <summary>
/// The reduction of one rank among several, over whatever links join them. It sums in host memory: what comes from another
/// device is copied there and back. A device's own library would stand beside it as another <see cref="IPhaseReduction"/>.
/// </summary>
public sealed class CollectiveReduction : PlannedReduction, IDisposable
{
    private readonly IRankLinks _links;
    private readonly TreeAllReduce _sum;

    /// <summary>Joins the ranks of a generation.</summary>
    /// <param name="ranges">Each rank's shards: contiguous, in rank order, together the whole minibatch.</param>
    /// <param name="links">This rank's links; disposed with this.</param>
    /// <param name="patience">How long nothing may move in a phase before it fails.</param>
    /// <exception cref="ArgumentException">The ranges leave out or repeat a shard, or are not one a rank.</exception>
    public CollectiveReduction(IReadOnlyList<ShardRange> ranges, IRankLinks links, TimeSpan patience, TimeProvider time)
        : base(ranges, (links ?? throw new ArgumentNullException(nameof(links))).Rank, links.Ranks)
    {
        _links = links;
        _sum = new TreeAllReduce(Plan, links, patience, time);
    }

    /// <summary>The rank that a wait which has lasted a while is for; null while nothing stands still. From any thread.</summary>
    public int? Awaited => _sum.Awaited;

    /// <summary>
    /// Memory that reducing takes besides the one buffer that comes out, in bytes: a buffer for every further subtree that
    /// covers this rank's shards (none for an aligned power of two, 2·log₂ of the shards at most), the links and the scratch.
    /// </summary>
    /// <param name="elements">Elements of a phase's buffer.</param>
    /// <param name="elementBytes">Bytes of an element.</param>
    public long ExtraBytes(long elements, int elementBytes) =>
        (Plan.Pieces[Rank].Count - 1) * elements * elementBytes + _links.BufferBytes + _sum.ScratchBytes(elementBytes);

    /// <summary>Leaves the other ranks, whose waits end.</summary>
    public void Dispose() => _links.Dispose();

    /// <inheritdoc/>
    private protected override void Sum(string phase, List<Tensor> tensors, CancellationToken cancellation)
    {
        if (tensors[0].device_type == TorchSharp.DeviceType.CPU)
        {
            SumOnHost(phase, tensors, cancellation);
            return;
        }
        using var scope = NewDisposeScope();
        var copies = tensors.Select(tensor => tensor.cpu()).ToList();
        SumOnHost(phase, copies, cancellation);
        tensors[0].copy_(copies[0]);
    }

    private void SumOnHost(string phase, List<Tensor> tensors, CancellationToken cancellation)
    {
        var memory = tensors.Select(tensor => new TensorMemory(tensor).Memory).ToList();
        if (memory.Exists(piece => piece.Length != memory[0].Length) || tensors.Exists(tensor => tensor.dtype != tensors[0].dtype))
            throw new ArgumentException($"The pieces differ in length or type: {string.Join(", ", tensors)}.", nameof(tensors));
        switch (tensors[0].dtype)
        {
            case ScalarType.Float32:
                _sum.Run<float>(phase, memory, cancellation);
                break;
            case ScalarType.Float64:
                _sum.Run<double>(phase, memory, cancellation);
                break;
            default:
                throw new ArgumentException($"Sums are of float32 and float64, not of {tensors[0].dtype}.", nameof(tensors));
        }
        // The memory is the tensors' own, known to the collector only through them.
        tensors.ForEach(GC.KeepAlive);
    }
}

/// <summary>
/// Sums buffers of all ranks in the order of the reduction tree: a reduce-scatter (every rank adds one chunk for all), then
/// an all-gather, both in a stream of segments. The bits are those of one process that held every shard.
/// </summary>
/// <param name="plan">Who holds what; the same on all ranks.</param>
/// <param name="patience">How long nothing may move.</param>
internal sealed class TreeAllReduce(AllReducePlan plan, IRankLinks links, TimeSpan patience, TimeProvider time)
{
    // A wait looks at the clock this often. Whatever it waits for wakes it sooner.
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    private long _operations;
    private volatile int _awaited = Nobody;

    private const int Nobody = -1;

    /// <summary>The rank that a wait which has lasted a while is for; null while nothing stands still. From any thread.</summary>
    public int? Awaited => _awaited is var rank and not Nobody ? rank : null;

    /// <summary>Memory for intermediate sums, in bytes.</summary>
    /// <param name="elementBytes">Bytes of an element.</param>
    public long ScratchBytes(int elementBytes) => (long)plan.Sum.Depth * SegmentExchange<float>.BlockElements * elementBytes;

    /// <summary>Sums; the first piece receives the result.</summary>
    /// <typeparam name="T">The elements' type.</typeparam>
    /// <param name="phase">Name of the wait, for messages; the same on all ranks.</param>
    /// <param name="pieces">This rank's subtree sums in the plan's order, all of one length.</param>
    /// <exception cref="CollectiveException">A rank is gone, silent for too long, or does something else.</exception>
    public void Run<T>(string phase, IReadOnlyList<Memory<byte>> pieces, CancellationToken cancellation) where T : unmanaged, INumberBase<T>
    {
        int elementBytes = Unsafe.SizeOf<T>();
        var header = new SegmentHeader(_operations++, SegmentHeader.FingerprintOf(phase, pieces[0].Length / elementBytes, elementBytes, plan), 0);
        var scratch = new T[plan.Sum.Depth][];
        for (int depth = 0; depth < scratch.Length; depth++)
            scratch[depth] = new T[SegmentExchange<T>.BlockElements];
        var exchange = new SegmentExchange<T>(plan, links, pieces, header, scratch);
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
                    throw Failure(CollectiveFault.PeerGone, phase, gone, $"lost contact with rank {string.Join(" and rank ", gone)}");
                if (time.GetElapsedTime(moved) is var waited && waited >= PollInterval)
                    _awaited = exchange.Awaited().Ranks is [var first, ..] ? first : Nobody;
                if (waited >= patience)
                {
                    var (ranks, what) = exchange.Awaited();
                    throw Failure(CollectiveFault.Deadline, phase, ranks, $"waited {waited.TotalSeconds:0.#} s for {what} from rank {string.Join(" and rank ", ranks)}");
                }
                links.Wait(signal, PollInterval);
            }
        }
        catch (MismatchException e)
        {
            throw Failure(CollectiveFault.Mismatch, phase, [e.Rank], $"received data for a different phase, length or plan from rank {e.Rank}");
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
