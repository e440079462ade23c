using System.Net.Sockets;
using System.Threading.Channels;
using Atelier.Protos;
using Atelier.Worker.Collectives.Links;
using Grpc.Core;
using Grpc.Net.Client;

namespace Atelier.Worker.Peers.Links;

/// <summary>Links between hosts; <see cref="PeerServer"/> makes them.</summary>
internal sealed class PeerLinks : IRankLinks
{
    // How long a rank that leaves waits for the others to have taken what it sent; a frozen one would never.
    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(5);

    private readonly RingShape _shape;
    private readonly MonitorDoorbell _bell = new();
    private readonly OutSlots _toAll;
    private readonly PeerLink?[] _links;
    private readonly GoneRanks _gone;
    private readonly Action _left;
    private int? _blamed;
    private bool _disposed;

    /// <summary>Links over connections that stand.</summary>
    /// <param name="shape">Ranks, size and number of slots.</param>
    /// <param name="calls">To each rank; null at this one's.</param>
    /// <param name="segments">From each rank; null at this one's.</param>
    /// <param name="left">Called when this rank has left.</param>
    public PeerLinks(int rank, RingShape shape, IReadOnlyList<PeerCall?> calls, IReadOnlyList<SegmentReceiver?> segments, Action left)
    {
        Rank = rank;
        _shape = shape;
        _gone = new GoneRanks(rank);
        _left = left;
        _toAll = new OutSlots(shape);
        _links = [.. calls.Select((call, other) => call is null ? null : new PeerLink(call, segments[other]!, shape, _toAll))];
        for (int other = 0; other < _links.Length; other++)
        {
            int from = other;
            _links[other]?.Start(Wake, cause => MarkGone(from, cause));
        }
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Ranks => _shape.Ranks;

    /// <inheritdoc/>
    public int SegmentBytes => _shape.SegmentBytes;

    /// <inheritdoc/>
    /// <remarks>Slots of both kinds that go out, and as many that come in; what the system and the transport hold besides is bounded by their buffers.</remarks>
    public long BufferBytes => (1 + 3L * (Ranks - 1)) * _shape.Slots * _shape.SegmentBytes;

    /// <inheritdoc/>
    public IReadOnlyList<int> Gone => _gone.Ranks;

    /// <inheritdoc/>
    public int Signal => _bell.Count;

    /// <summary>The link to another rank.</summary>
    public PeerLink this[int rank] => _links[rank]!;

    /// <inheritdoc/>
    public bool TryReserve(int to, out Span<byte> room)
    {
        bool found = to == Rank ? Array.TrueForAll(_links, link => link is null || link.HasRoom(toAll: true)) : this[to].HasRoom(toAll: false);
        room = found ? (to == Rank ? _toAll : this[to].ToOne).Room : default;
        return found;
    }

    /// <inheritdoc/>
    public void Send(int to, int bytes)
    {
        if (to != Rank)
        {
            this[to].ToOne.Publish(bytes);
            this[to].Flush();
            return;
        }
        _toAll.Publish(bytes);
        foreach (var link in _links)
            link?.Flush();
    }

    /// <inheritdoc/>
    public bool TryReceive(int from, bool toAll, out ReadOnlySpan<byte> segment) => this[from].TryPeek(toAll, out segment);

    /// <inheritdoc/>
    public void Release(int from, bool toAll) => this[from].Release(toAll);

    /// <inheritdoc/>
    public void Wait(int seen, TimeSpan most) => _bell.Wait(seen, most);

    /// <inheritdoc/>
    public void Wake() => _bell.Ring();

    /// <inheritdoc/>
    public void Blame(int rank) => _blamed = rank;

    /// <summary>Leaves: what was sent still comes to the others, who then find this rank among those gone.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        var links = _links.OfType<PeerLink>().ToList();
        links.ForEach(link => link.Leave(_blamed));
        Task.WaitAll([.. links.Select(link => link.Written)], LeaveTimeout);
        links.ForEach(link => link.Abort());
        _left();
    }

    private void MarkGone(int rank, int? cause)
    {
        _gone.Add(rank, cause is >= 0 && cause < Ranks ? cause : null);
        Wake();
    }
}

/// <summary>
/// The link to one other rank: a task that sends what the collective left in the slots over this rank's connection, and one
/// that takes what comes over the other's. A slot is free again when the other rank says so, and not before.
/// </summary>
internal sealed class PeerLink
{
    private readonly PeerCall _call;
    private readonly SegmentSender _out;
    private readonly SegmentReceiver _in;
    private readonly RingShape _shape;
    private readonly OutSlots _toAll;
    private readonly InSlots[] _slots;
    private readonly int[] _released = new int[2];
    private readonly long[] _credited = new long[2];
    private readonly Channel<bool> _work = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private FrameHeader? _leaveFrame;
    private volatile bool _leaves;

    /// <summary>Links two ranks that have told each other who they are.</summary>
    /// <param name="call">To the other rank.</param>
    /// <param name="segments">From it.</param>
    /// <param name="shape">Size and number of slots.</param>
    /// <param name="toAll">The slots of segments to all ranks.</param>
    public PeerLink(PeerCall call, SegmentReceiver segments, RingShape shape, OutSlots toAll)
    {
        _call = call;
        (_out, _in) = (call.Segments!, segments);
        _shape = shape;
        _toAll = toAll;
        ToOne = new OutSlots(shape);
        _slots = [new InSlots(shape), new InSlots(shape)];
    }

    /// <summary>The slots of segments to this rank.</summary>
    public OutSlots ToOne { get; }

    /// <summary>Ends when all that comes has come.</summary>
    public Task Read { get; private set; } = Task.CompletedTask;

    /// <summary>Ends when all that goes was taken, or never will be.</summary>
    public Task Written { get; private set; } = Task.CompletedTask;

    /// <summary>Begins to send and receive.</summary>
    /// <param name="changed">Called when something came or was given back; from any thread.</param>
    /// <param name="gone">Called when the other rank left, perhaps because of one that it names, or when a call or connection broke; more than once.</param>
    public void Start(Action changed, Action<int?> gone)
    {
        Read = ReadAsync(changed, gone);
        Written = WriteAsync(gone);
    }

    /// <summary>Whether the other rank has room for another segment, of those to it or of those to all.</summary>
    public bool HasRoom(bool toAll) => (toAll ? _toAll : ToOne).Written - Volatile.Read(ref _credited[toAll ? 1 : 0]) < _shape.Slots;

    /// <summary>The oldest segment that was not released.</summary>
    public bool TryPeek(bool toAll, out ReadOnlySpan<byte> segment) => _slots[toAll ? 1 : 0].TryPeek(out segment);

    /// <summary>Gives the oldest segment back.</summary>
    public void Release(bool toAll)
    {
        _slots[toAll ? 1 : 0].Release();
        Interlocked.Increment(ref _released[toAll ? 1 : 0]);
        Flush();
    }

    /// <summary>Has the writing task look for work.</summary>
    public void Flush() => _work.Writer.TryWrite(true);

    /// <summary>Sends what is left, then says farewell.</summary>
    /// <param name="blames">Because of which rank; null for none.</param>
    public void Leave(int? blames)
    {
        _leaveFrame = new FrameHeader(FrameKind.None, 0) { Leaves = true, Blames = blames };
        _leaves = true;
        Flush();
    }

    /// <summary>Breaks both connections and this rank's call.</summary>
    public void Abort()
    {
        _work.Writer.TryComplete();
        _call.Dispose();
        _in.Abort();
    }

    private async Task ReadAsync(Action changed, Action<int?> gone)
    {
        FrameHeader? last = null;
        await UntilBrokenAsync(async () =>
        {
            while (last is not { Leaves: true } && await _in.ReadHeaderAsync().ConfigureAwait(false) is { } head)
            {
                await TakeAsync(head).ConfigureAwait(false);
                last = head;
                changed();
            }
        }).ConfigureAwait(false);
        gone(last is { Leaves: true } ? last.Value.Blames : null);
    }

    private async ValueTask TakeAsync(FrameHeader head)
    {
        Credit(0, head.ReleasedToOne, ToOne);
        Credit(1, head.ReleasedToAll, _toAll);
        if (head.Kind == FrameKind.None)
            return;
        var slots = _slots[head.Kind == FrameKind.ToAll ? 1 : 0];
        await _in.ReadSegmentAsync(slots.Room(head.Length)).ConfigureAwait(false);
        slots.Publish(head.Length);
    }

    private void Credit(int kind, int released, OutSlots slots)
    {
        if (Interlocked.Add(ref _credited[kind], released) > slots.Written)
            throw new InvalidDataException("a rank acknowledged more segments than it was sent");
    }

    private async Task WriteAsync(Action<int?> gone)
    {
        var sending = UntilBrokenAsync(SendAllAsync);
        // Nothing is said there but the end: that this rank's farewell was read, or a break. A rank that leaves breaks the others'
        // calls only when its own farewell was read, so that what it blames is known by then.
        await UntilBrokenAsync(() => _call.Call.ResponseStream.MoveNext(CancellationToken.None)).ConfigureAwait(false);
        _work.Writer.TryComplete();
        // A host that vanished, or a frozen process, would never take what is being sent.
        _out.Dispose();
        await sending.ConfigureAwait(false);
        gone(null);
    }

    private async Task SendAllAsync()
    {
        long sentToOne = 0, sentToAll = 0;
        await foreach (var _ in _work.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            // Before the segments are looked at, so that none of those that were sent before the farewell stays behind.
            bool leaves = _leaves;
            while (Next(ref sentToOne, ref sentToAll) is var (head, segment))
                await _out.SendAsync(head, segment).ConfigureAwait(false);
            if (!leaves)
                continue;
            await _out.SendAsync(_leaveFrame!.Value, default).ConfigureAwait(false);
            return;
        }
    }

    private (FrameHeader Head, ReadOnlyMemory<byte> Segment)? Next(ref long sentToOne, ref long sentToAll)
    {
        int toOne = Interlocked.Exchange(ref _released[0], 0), toAll = Interlocked.Exchange(ref _released[1], 0);
        var (kind, segment) = sentToOne < ToOne.Written ? (FrameKind.ToOne, ToOne.Segment(sentToOne++))
            : sentToAll < _toAll.Written ? (FrameKind.ToAll, _toAll.Segment(sentToAll++))
            : (FrameKind.None, ReadOnlyMemory<byte>.Empty);
        return kind == FrameKind.None && toOne + toAll == 0
            ? null
            : (new FrameHeader(kind, segment.Length) { ReleasedToOne = toOne, ReleasedToAll = toAll }, segment);
    }

    // How a call or connection breaks depends on which end notices, and of what; to the collective it is all the same.
    private static async Task UntilBrokenAsync(Func<Task> part)
    {
        await Task.Yield();
        try
        {
            await part().ConfigureAwait(false);
        }
        catch (Exception e) when (e is RpcException or IOException or SocketException or InvalidDataException or OperationCanceledException or InvalidOperationException)
        {
            // Reported by whoever ran the part.
        }
    }
}

/// <summary>A call to another rank, and what goes to it. What comes from it comes by a call of its own.</summary>
/// <param name="Channel">What the call goes over, and nothing else; disposed with this.</param>
/// <param name="Call">The call.</param>
internal sealed record PeerCall(GrpcChannel Channel, AsyncDuplexStreamingCall<Hello, Hello> Call) : IDisposable
{
    /// <summary>The segments; null before the ranks have met.</summary>
    public SegmentSender? Segments { get; init; }

    /// <summary>Breaks the call and the segments' connection unless they are over.</summary>
    public void Dispose()
    {
        Segments?.Dispose();
        Call.Dispose();
        Channel.Dispose();
    }
}
