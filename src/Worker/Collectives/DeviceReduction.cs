using Atelier.Core.Sharding;
using Atelier.Training.Interop;
using Atelier.Training.Ops;
using Atelier.Training.Step;
using static TorchSharp.torch;

namespace Atelier.Worker.Collectives;

/// <summary>A block of memory on a device, for a peer or from one.</summary>
/// <param name="Peer">The other rank.</param>
/// <param name="Address">Where it begins.</param>
/// <param name="Bytes">Its length.</param>
internal readonly record struct DeviceBlock(int Peer, nint Address, long Bytes);

/// <summary>One rank's way into the memory of all others' devices. Used from one thread at a time.</summary>
internal interface IDeviceExchange : IDisposable
{
    /// <summary>This rank.</summary>
    int Rank { get; }

    /// <summary>Number of ranks.</summary>
    int Ranks { get; }

    /// <summary>
    /// Queues blocks to and from peers, all at once, behind what the device has queued; does not wait. Of each pair of ranks, the
    /// blocks of one match those that the other receives, in order and length.
    /// </summary>
    /// <exception cref="DeviceExchangeException">It cannot be queued.</exception>
    void Queue(IReadOnlyList<DeviceBlock> sends, IReadOnlyList<DeviceBlock> receives);

    /// <summary>Whether all that was queued has happened.</summary>
    /// <exception cref="DeviceExchangeException">It will not: a peer or the way to it is gone.</exception>
    bool IsDone();

    /// <summary>Gives up what is queued; nothing can be queued any more.</summary>
    void Abort();
}

/// <summary>Memory could not be exchanged between devices.</summary>
internal sealed class DeviceExchangeException : Exception
{
    public DeviceExchangeException(string message) : base(message)
    {
    }

    public DeviceExchangeException(string message, Exception innerException) : base(message, innerException)
    {
    }

    public DeviceExchangeException()
    {
    }
}

/// <summary>
/// The reduction of one rank among several whose gradients stay on devices: every rank receives all others' pieces of its chunk,
/// adds them in tree order by the device's own additions, and sends the sum to all. The bits are those of
/// <see cref="CollectiveReduction"/>: additions of float32 or float64, each element by itself.
/// </summary>
public sealed class DeviceReduction : PlannedReduction, IDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(1);

    private readonly IDeviceExchange _exchange;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _time;

    /// <summary>Joins the ranks of a generation.</summary>
    /// <param name="ranges">Each rank's shards: contiguous, in rank order, together the whole minibatch.</param>
    /// <param name="exchange">This rank's way to the others; disposed with this.</param>
    /// <param name="patience">How long a phase may take.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ArgumentException">The ranges leave out or repeat a shard, or are not one a rank.</exception>
    internal DeviceReduction(IReadOnlyList<ShardRange> ranges, IDeviceExchange exchange, TimeSpan patience, TimeProvider time)
        : base(ranges, exchange.Rank, exchange.Ranks) => (_exchange, _patience, _time) = (exchange, patience, time);

    /// <summary>Leaves the other ranks.</summary>
    public void Dispose() => _exchange.Dispose();

    private IEnumerable<int> Others => Enumerable.Range(0, _exchange.Ranks).Where(rank => rank != Rank);

    /// <inheritdoc/>
    private protected override void GiveUp() => _exchange.Abort();

    /// <inheritdoc/>
    private protected override void Sum(string phase, List<Tensor> tensors, CancellationToken cancellation)
    {
        try
        {
            Exchange(phase, tensors, cancellation);
        }
        catch (DeviceExchangeException e)
        {
            throw new CollectiveException(CollectiveFault.PeerGone, phase, Rank, [.. Others], e.Message);
        }
    }

    private void Exchange(string phase, List<Tensor> tensors, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var data = no_grad();
        var like = tensors[0];
        if (like.dtype is not (ScalarType.Float32 or ScalarType.Float64) || tensors.Exists(tensor => tensor.dtype != like.dtype || tensor.numel() != like.numel()))
            throw new ArgumentException($"The pieces must be float32 or float64 of one length, not {string.Join(", ", tensors)}.", nameof(tensors));
        int self = Rank;
        var chunks = new ChunkPlan(like.numel(), _exchange.Ranks, int.MaxValue);
        (long Start, long Count) Chunk(int rank) => chunks.LengthOf(rank) is var count and > 0 ? (chunks.Segment(rank, 0).Start, count) : (0, 0);
        Tensor Part(Tensor tensor, int rank) => tensor.narrow(0, Chunk(rank).Start, Chunk(rank).Count);
        DeviceBlock Block(int peer, Tensor part) => new(peer, OpKernels.Address(part), part.numel() * part.ElementSize);

        var received = Enumerable.Range(0, _exchange.Ranks).Select(rank => rank == self
            ? tensors.Select(tensor => Part(tensor, self)).ToList()
            : Plan.Pieces[rank].Select(_ => empty([Chunk(self).Count], like.dtype, like.device)).ToList()).ToList();
        Run([.. Others.SelectMany(peer => tensors.Select(tensor => Block(peer, Part(tensor, peer))))], [.. Others.SelectMany(peer => received[peer].Select(part => Block(peer, part)))]);
        Part(like, self).copy_(Add(Plan.Sum, received));
        Run([.. Others.Select(peer => Block(peer, Part(like, self)))], [.. Others.Select(peer => Block(peer, Part(like, peer)))]);
        Wait(phase, cancellation);
    }

    private void Run(List<DeviceBlock> sends, List<DeviceBlock> receives)
    {
        // Short buffers leave the last ranks without a chunk.
        sends.RemoveAll(block => block.Bytes == 0);
        receives.RemoveAll(block => block.Bytes == 0);
        _exchange.Queue(sends, receives);
    }

    private static Tensor Add(SumNode node, List<List<Tensor>> pieces) =>
        node.Left is null ? pieces[node.Rank][node.Piece] : Add(node.Left, pieces).add(Add(node.Right!, pieces), TensorArithmetic.Number(1L));

    /// <summary>The received memory is freed when this returns: not before it has been used.</summary>
    private void Wait(string phase, CancellationToken cancellation)
    {
        long begin = _time.GetTimestamp();
        var spin = default(SpinWait);
        while (!_exchange.IsDone())
        {
            cancellation.ThrowIfCancellationRequested();
            if (_time.GetElapsedTime(begin) is var waited && waited >= _patience)
                throw new CollectiveException(CollectiveFault.Deadline, phase, Rank, [.. Others], $"waited {waited.TotalSeconds:0.#} s for the sum of all ranks");
            if (spin.NextSpinWillYield)
                cancellation.WaitHandle.WaitOne(PollInterval);
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }
}
