using System.Buffers;
using System.Collections.Concurrent;
using System.Threading.Channels;
using Atelier.Worker.Collectives.Links;
using Grpc.Core;

namespace Atelier.Worker.Peers.Links;

/// <summary>
/// The link to one other rank: a task that writes what the collective left in the slots over this rank's call, and one that
/// queues what comes over the other's. A slot is free again when the other rank says so, and not before.
/// </summary>
internal sealed class PeerLink
{
    private readonly PeerCall _call;
    private readonly PeerGuest _guest;
    private readonly RingShape _shape;
    private readonly OutSlots _toAll;
    private readonly ConcurrentQueue<PeerFrame>[] _in = [new(), new()];
    private readonly int[] _released = new int[2];
    private readonly long[] _credited = new long[2];
    private readonly Channel<bool> _work = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private PeerFrame? _farewell;

    /// <summary>Links two calls whose ends have told each other who they are.</summary>
    /// <param name="call">To the other rank.</param>
    /// <param name="guest">From it.</param>
    /// <param name="shape">Size and number of slots.</param>
    /// <param name="toAll">The slots of segments to all ranks.</param>
    public PeerLink(PeerCall call, PeerGuest guest, RingShape shape, OutSlots toAll)
    {
        _call = call;
        _guest = guest;
        _shape = shape;
        _toAll = toAll;
        ToOne = new OutSlots(shape);
    }

    /// <summary>The slots of segments to this rank.</summary>
    public OutSlots ToOne { get; }

    /// <summary>Ends when all that comes has come.</summary>
    public Task Read { get; private set; } = Task.CompletedTask;

    /// <summary>Ends when all that goes was taken, or never will be.</summary>
    public Task Written { get; private set; } = Task.CompletedTask;

    /// <summary>Begins to send and receive.</summary>
    /// <param name="changed">Called when something came or was given back; from any thread.</param>
    /// <param name="gone">Called when the other rank left, perhaps because of one that it names, or when a call broke; more than once.</param>
    public void Start(Action changed, Action<int?> gone)
    {
        Read = ReadAsync(changed, gone);
        Written = WriteAsync(gone);
    }

    /// <summary>Whether the other rank has room for another segment, of those to it or of those to all.</summary>
    public bool HasRoom(bool toAll) => (toAll ? _toAll : ToOne).Written - Volatile.Read(ref _credited[toAll ? 1 : 0]) < _shape.Slots;

    /// <summary>The oldest segment that was not released.</summary>
    public bool TryPeek(bool toAll, out ReadOnlySpan<byte> segment)
    {
        bool found = _in[toAll ? 1 : 0].TryPeek(out var frame);
        segment = found ? frame!.Payload.Span : default;
        return found;
    }

    /// <summary>Gives the oldest segment back.</summary>
    public void Release(bool toAll)
    {
        if (_in[toAll ? 1 : 0].TryDequeue(out var frame))
            ArrayPool<byte>.Shared.Return(frame.Rented!);
        Interlocked.Increment(ref _released[toAll ? 1 : 0]);
        Flush();
    }

    /// <summary>Has the writing task look for work.</summary>
    public void Flush() => _work.Writer.TryWrite(true);

    /// <summary>Sends what is left, then says farewell.</summary>
    /// <param name="blames">Because of which rank; null for none.</param>
    public void Leave(int? blames)
    {
        Volatile.Write(ref _farewell, new PeerFrame(PeerField.None, default) { Leaves = true, Blames = blames });
        Flush();
    }

    /// <summary>Breaks both calls.</summary>
    public void Abort()
    {
        _work.Writer.TryComplete();
        _call.Dispose();
        _guest.End.Cancel();
    }

    private async Task ReadAsync(Action changed, Action<int?> gone)
    {
        PeerFrame? last = null;
        await UntilBrokenAsync(async () =>
        {
            while (last is not { Leaves: true } && await _guest.Requests.MoveNext(_guest.End.Token).ConfigureAwait(false))
            {
                Take(last = _guest.Requests.Current);
                changed();
            }
        }).ConfigureAwait(false);
        gone(last is { Leaves: true } ? last.Blames : null);
    }

    private void Take(PeerFrame frame)
    {
        Interlocked.Add(ref _credited[0], frame.ReleasedToOne);
        Interlocked.Add(ref _credited[1], frame.ReleasedToAll);
        if (frame.Field is not (PeerField.ToOne or PeerField.ToAll))
            return;
        var queue = _in[frame.Field == PeerField.ToAll ? 1 : 0];
        if (queue.Count >= _shape.Slots || frame.Payload.Length > _shape.SegmentBytes)
            throw new InvalidDataException($"a rank sent more than {_shape.Slots} segments of {_shape.SegmentBytes} bytes");
        queue.Enqueue(frame);
    }

    private async Task WriteAsync(Action<int?> gone)
    {
        var sending = UntilBrokenAsync(SendAllAsync);
        // Nothing is said there but the end: that this rank's farewell was read, or a break. A rank that leaves breaks the others'
        // calls only when its own farewell was read, so that what it blames is known by then.
        await UntilBrokenAsync(() => _call.Call.ResponseStream.MoveNext(CancellationToken.None)).ConfigureAwait(false);
        _work.Writer.TryComplete();
        await sending.ConfigureAwait(false);
        gone(null);
    }

    private async Task SendAllAsync()
    {
        long sentToOne = 0, sentToAll = 0;
        await foreach (var _ in _work.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            // Before the segments are looked at, so that none of those that were sent before the farewell stays behind.
            var farewell = Volatile.Read(ref _farewell);
            while (Next(ref sentToOne, ref sentToAll) is { } frame)
                await _call.Call.RequestStream.WriteAsync(frame).ConfigureAwait(false);
            if (farewell is null)
                continue;
            await _call.Call.RequestStream.WriteAsync(farewell).ConfigureAwait(false);
            await _call.Call.RequestStream.CompleteAsync().ConfigureAwait(false);
            return;
        }
    }

    private PeerFrame? Next(ref long sentToOne, ref long sentToAll)
    {
        int toOne = Interlocked.Exchange(ref _released[0], 0), toAll = Interlocked.Exchange(ref _released[1], 0);
        var frame = sentToOne < ToOne.Written ? new PeerFrame(PeerField.ToOne, ToOne.Segment(sentToOne++))
            : sentToAll < _toAll.Written ? new PeerFrame(PeerField.ToAll, _toAll.Segment(sentToAll++))
            : toOne + toAll > 0 ? new PeerFrame(PeerField.None, default)
            : null;
        return frame is null ? null : frame with { ReleasedToOne = toOne, ReleasedToAll = toAll };
    }

    // How a call breaks depends on which end notices, and of what; to the collective it is all the same.
    private static async Task UntilBrokenAsync(Func<Task> part)
    {
        await Task.Yield();
        try
        {
            await part().ConfigureAwait(false);
        }
        catch (Exception e) when (e is RpcException or IOException or InvalidDataException or OperationCanceledException or InvalidOperationException)
        {
            // Reported by whoever ran the part.
        }
    }
}
