using System.Buffers;
using System.Collections.Concurrent;
using System.Threading.Channels;
using Atelier.Worker.Collectives.Links;
using Grpc.Core;

namespace Atelier.Worker.Collectives.Peers;

/// <summary>
/// The link to one other rank: two tasks, one of which writes what the collective left in the slots, and one of which queues
/// what comes. A slot is free again when the other rank says so, and not before.
/// </summary>
internal sealed class PeerLink
{
    private readonly PeerStream _stream;
    private readonly RingShape _shape;
    private readonly OutSlots _toAll;
    private readonly Action _changed;
    private readonly ConcurrentQueue<PeerFrame>[] _in = [new(), new()];
    private readonly int[] _released = new int[2];
    private readonly long[] _credited = new long[2];
    private readonly Channel<bool> _work = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile bool _leaving;

    /// <summary>Links a stream whose ends have told each other who they are.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="shape">Size and number of slots.</param>
    /// <param name="toAll">The slots of segments to all ranks.</param>
    /// <param name="changed">Called when something came or was given back; from any thread.</param>
    /// <param name="gone">Called once, when the other rank left or its stream broke.</param>
    public PeerLink(PeerStream stream, RingShape shape, OutSlots toAll, Action changed, Action gone)
    {
        _stream = stream;
        _shape = shape;
        _toAll = toAll;
        _changed = changed;
        ToOne = new OutSlots(shape);
        Ended = RunAsync(gone);
    }

    /// <summary>The slots of segments to this rank.</summary>
    public OutSlots ToOne { get; }

    /// <summary>Ends when the stream has, in whatever way.</summary>
    public Task Ended { get; }

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
    public void Leave()
    {
        _leaving = true;
        Flush();
    }

    /// <summary>Breaks the stream.</summary>
    public void Abort() => _stream.Abort();

    private async Task RunAsync(Action gone)
    {
        await Task.Yield(); // what the callbacks need is not complete before the constructor's end
        var writing = WriteAllAsync();
        await UntilBrokenAsync(ReadAllAsync).ConfigureAwait(false);
        gone();
        _work.Writer.TryComplete();
        await writing.ConfigureAwait(false);
        await UntilBrokenAsync(_stream.End).ConfigureAwait(false);
    }

    private async Task ReadAllAsync()
    {
        while (await _stream.Reader.MoveNext().ConfigureAwait(false))
        {
            var frame = _stream.Reader.Current;
            Interlocked.Add(ref _credited[0], frame.ReleasedToOne);
            Interlocked.Add(ref _credited[1], frame.ReleasedToAll);
            if (frame.Field is PeerField.ToOne or PeerField.ToAll)
            {
                var queue = _in[frame.Field == PeerField.ToAll ? 1 : 0];
                if (queue.Count >= _shape.Slots || frame.Payload.Length > _shape.SegmentBytes)
                    throw new InvalidDataException($"a rank sent more than {_shape.Slots} segments of {_shape.SegmentBytes} bytes");
                queue.Enqueue(frame);
            }
            _changed();
            if (frame.Leaves)
                return;
        }
    }

    private Task WriteAllAsync() => UntilBrokenAsync(async () =>
    {
        long sentToOne = 0, sentToAll = 0;
        await foreach (var _ in _work.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            // Before the segments are looked at, so that none of those that were sent before the farewell stays behind.
            bool leaving = _leaving;
            while (Next(ref sentToOne, ref sentToAll) is { } frame)
                await _stream.Writer.WriteAsync(frame).ConfigureAwait(false);
            if (!leaving)
                continue;
            await _stream.Writer.WriteAsync(new PeerFrame(PeerField.None, default) { Leaves = true }).ConfigureAwait(false);
            return;
        }
    });

    private PeerFrame? Next(ref long sentToOne, ref long sentToAll)
    {
        int toOne = Interlocked.Exchange(ref _released[0], 0), toAll = Interlocked.Exchange(ref _released[1], 0);
        var frame = sentToOne < ToOne.Written ? new PeerFrame(PeerField.ToOne, ToOne.Segment(sentToOne++))
            : sentToAll < _toAll.Written ? new PeerFrame(PeerField.ToAll, _toAll.Segment(sentToAll++))
            : toOne + toAll > 0 ? new PeerFrame(PeerField.None, default)
            : null;
        return frame is null ? null : frame with { ReleasedToOne = toOne, ReleasedToAll = toAll };
    }

    // How a stream breaks depends on which end notices, and of what; to the collective it is all the same.
    private static async Task UntilBrokenAsync(Func<Task> part)
    {
        try
        {
            await part().ConfigureAwait(false);
        }
        catch (Exception e) when (e is RpcException or IOException or InvalidDataException or OperationCanceledException or InvalidOperationException)
        {
            // The rank is reported gone by the reading task, which ends in the same way.
        }
    }
}
