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
public sealed class DeviceReduction : IPhaseReduction, IDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(1);

    private readonly AllReducePlan _plan;
    private readonly IDeviceExchange _exchange;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _time;
    private bool _failed;

    /// <summary>Joins the ranks of a generation.</summary>
    /// <param name="ranges">Each rank's shards: contiguous, in rank order, together the whole minibatch.</param>
    /// <param name="exchange">This rank's way to the others; disposed with this.</param>
    /// <param name="patience">How long a phase may take.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ArgumentException">The ranges leave out or repeat a shard, or are not one a rank.</exception>
    internal DeviceReduction(IReadOnlyList<ShardRange> ranges, IDeviceExchange exchange, TimeSpan patience, TimeProvider time)
    {
        if (ranges.Count != exchange.Ranks)
            throw new ArgumentException($"There are {ranges.Count} ranges for {exchange.Ranks} ranks.", nameof(ranges));
        _plan = new AllReducePlan(new ReductionTree(ranges[^1].End), ranges);
        (_exchange, _patience, _time) = (exchange, patience, time);
    }

    /// <inheritdoc/>
    public ShardRange Held => _plan.Ranges[_exchange.Rank];

    /// <inheritdoc/>
    public int ShardCount => _plan.Tree.Shards;

    /// <inheritdoc/>
    /// <exception cref="CollectiveException">A rank is gone, or the phase takes too long.</exception>
    /// <exception cref="InvalidOperationException">An earlier phase failed; the ranks need a new exchange.</exception>
    public Tensor Reduce(string phase, IReadOnlyList<SubtreeSum<Tensor>> pieces, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        var tensors = pieces.Select(piece => piece.Value).ToList();
        try
        {
            if (_failed)
                throw new InvalidOperationException($"phase {phase}: an earlier phase failed, so this exchange cannot be used");
            if (!pieces.Select(piece => piece.Node).SequenceEqual(_plan.Pieces[_exchange.Rank]))
                throw new ArgumentException($"The pieces {string.Join(' ', pieces.Select(piece => piece.Node))} do not belong to {Held}.", nameof(pieces));
            if (_exchange.Ranks > 1)
                Sum(phase, tensors, cancellation);
        }
        catch (Exception e)
        {
            _failed = true;
            _exchange.Abort();
            tensors.ForEach(tensor => tensor.Dispose());
            if (e is DeviceExchangeException)
                throw new CollectiveException(CollectiveFault.PeerGone, phase, _exchange.Rank, [.. Others], e.Message);
            throw;
        }
        foreach (var spent in tensors.Skip(1))
            spent.Dispose();
        return tensors[0];
    }

    /// <summary>Leaves the other ranks.</summary>
    public void Dispose() => _exchange.Dispose();

    private IEnumerable<int> Others => Enumerable.Range(0, _exchange.Ranks).Where(rank => rank != _exchange.Rank);

    /// <summary>Leaves the sum in the first tensor.</summary>
    private void Sum(string phase, List<Tensor> tensors, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var data = no_grad();
        var like = tensors[0];
        if (like.dtype is not (ScalarType.Float32 or ScalarType.Float64) || tensors.Exists(tensor => tensor.dtype != like.dtype || tensor.numel() != like.numel()))
            throw new ArgumentException($"The pieces must be float32 or float64 of one length, not {string.Join(", ", tensors)}.", nameof(tensors));
        int self = _exchange.Rank;
        var chunks = new ChunkPlan(like.numel(), _exchange.Ranks, int.MaxValue);
        (long Start, long Count) Chunk(int rank) => chunks.LengthOf(rank) is var count and > 0 ? (chunks.Segment(rank, 0).Start, count) : (0, 0);
        Tensor Part(Tensor tensor, int rank) => tensor.narrow(0, Chunk(rank).Start, Chunk(rank).Count);
        DeviceBlock Block(int peer, Tensor part) => new(peer, OpKernels.Address(part), part.numel() * part.ElementSize);

        var received = Enumerable.Range(0, _exchange.Ranks).Select(rank => rank == self
            ? tensors.Select(tensor => Part(tensor, self)).ToList()
            : _plan.Pieces[rank].Select(_ => empty([Chunk(self).Count], like.dtype, like.device)).ToList()).ToList();
        Run([.. Others.SelectMany(peer => tensors.Select(tensor => Block(peer, Part(tensor, peer))))], [.. Others.SelectMany(peer => received[peer].Select(part => Block(peer, part)))]);
        Part(like, self).copy_(Add(_plan.Sum, received));
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
                throw new CollectiveException(CollectiveFault.Deadline, phase, _exchange.Rank, [.. Others], $"waited {waited.TotalSeconds:0.#} s for the sum of all ranks");
            if (spin.NextSpinWillYield)
                cancellation.WaitHandle.WaitOne(PollInterval);
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }
}
