using System.Net.Sockets;
using System.Threading.Channels;
using Atelier.Worker.Collectives.Links;
using Grpc.Core;

namespace Atelier.Worker.Peers.Links;

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
    private FrameHead? _farewell;
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
        _farewell = new FrameHead(FrameKind.None, 0) { Leaves = true, Blames = blames };
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
        FrameHead? last = null;
        await UntilBrokenAsync(async () =>
        {
            while (last is not { Leaves: true } && await _in.ReadHeadAsync().ConfigureAwait(false) is { } head)
            {
                await TakeAsync(head).ConfigureAwait(false);
                last = head;
                changed();
            }
        }).ConfigureAwait(false);
        gone(last is { Leaves: true } ? last.Value.Blames : null);
    }

    private async ValueTask TakeAsync(FrameHead head)
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
            throw new InvalidDataException("a rank is done with more segments than it was sent");
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
            await _out.SendAsync(_farewell!.Value, default).ConfigureAwait(false);
            return;
        }
    }

    private (FrameHead Head, ReadOnlyMemory<byte> Segment)? Next(ref long sentToOne, ref long sentToAll)
    {
        int toOne = Interlocked.Exchange(ref _released[0], 0), toAll = Interlocked.Exchange(ref _released[1], 0);
        var (kind, segment) = sentToOne < ToOne.Written ? (FrameKind.ToOne, ToOne.Segment(sentToOne++))
            : sentToAll < _toAll.Written ? (FrameKind.ToAll, _toAll.Segment(sentToAll++))
            : (FrameKind.None, ReadOnlyMemory<byte>.Empty);
        return kind == FrameKind.None && toOne + toAll == 0
            ? null
            : (new FrameHead(kind, segment.Length) { ReleasedToOne = toOne, ReleasedToAll = toAll }, segment);
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
