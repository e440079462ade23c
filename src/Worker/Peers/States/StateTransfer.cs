using Atelier.Core.Fleet;
using Atelier.Protos;
using Atelier.Storage.Snapshots;
using Atelier.Training.Snapshots;
using Atelier.Training.Step;
using Atelier.Worker.Interop;
using Google.Protobuf;
using Grpc.Core;
using static TorchSharp.torch;
using StateVersion = Atelier.Core.Fleet.StateVersion;

namespace Atelier.Worker.Peers.States;

/// <summary>A state cut into messages.</summary>
internal static class StateChunks
{
    /// <summary>Most bytes of data in a chunk.</summary>
    public const int MostBytes = 1 << 18;

    /// <summary>The position that a state is at.</summary>
    public static Position PositionOf(TrajectoryState state) => new(state.Iteration, state.PhasesDone);

    /// <summary>All chunks of a state in order. A chunk's data is the state's own memory, and to be used before the next is asked for.</summary>
    /// <param name="state">The state; it stands still.</param>
    /// <param name="version">What it is.</param>
    public static IEnumerable<StateChunk> Of(TrajectoryState state, StateVersion version)
    {
        using var hasher = new StateHasher();
        long total = 0;
        foreach (var section in state.Sections())
        {
            var host = section.Values.cpu();
            // What is on the host already is the state's own tensor, and not to be disposed.
            using var copy = ReferenceEquals(host, section.Values) ? null : host;
            foreach (var chunk in Cut(StateSections.Describe(section), new TensorMemory(host).Memory, hasher))
            {
                total += chunk.Data.Length;
                yield return chunk;
            }
        }
        foreach (var chunk in Cut(StateSections.Counters, StateSections.CounterBytes(state), hasher))
        {
            total += chunk.Data.Length;
            yield return chunk;
        }
        yield return new StateChunk { StateSha256 = hasher.Finish(), TotalBytes = total, Version = version.ToMessage() };
    }

    private static IEnumerable<StateChunk> Cut(SnapshotSection section, ReadOnlyMemory<byte> bytes, StateHasher hasher)
    {
        hasher.Begin(section);
        for (int offset = 0; offset < bytes.Length; offset += MostBytes)
        {
            var data = bytes.Slice(offset, Math.Min(MostBytes, bytes.Length - offset));
            hasher.Append(data.Span);
            yield return new StateChunk { Section = section.Name, OffsetBytes = offset, Data = UnsafeByteOperations.UnsafeWrap(data) };
        }
    }
}

/// <summary>The method FetchState of peer.proto, as a server that is built by hand needs it.</summary>
internal static class StateChunkFormat
{
    public static Method<StateRequest, StateChunk> FetchState { get; } = new(
        MethodType.ServerStreaming, "atelier.v1.Peer", nameof(FetchState), Of(StateRequest.Parser), Of(StateChunk.Parser));

    private static Marshaller<T> Of<T>(MessageParser<T> parser) where T : class, IMessage<T> => new(
        (message, context) =>
        {
            context.SetPayloadLength(message.CalculateSize());
            message.WriteTo(context.GetBufferWriter());
            context.Complete();
        },
        context => parser.ParseFrom(context.PayloadAsReadOnlySequence()));
}

/// <summary>
/// Puts chunks together to a state and checks each: sections in canonical order without gaps, and at the end the hash. Tensors
/// are filled as they come, the counters only when all is right.
/// </summary>
/// <param name="into">The state to fill, of the same networks.</param>
/// <param name="version">What must come.</param>
internal sealed class StateReceiver(TrajectoryState into, StateVersion version) : IDisposable
{
    private readonly IReadOnlyList<StateSection> _sections = into.Sections();
    private readonly byte[] _counters = new byte[StateSections.Counters.Bytes];
    private readonly StateHasher _hasher = new();
    private int _index = -1;
    private SnapshotSection _section = new("", StateSections.Counters.Dtype, 0);
    private Memory<byte> _room;
    private Tensor? _host;
    private long _offset;
    private long _total;

    /// <summary>Bytes that have come.</summary>
    public long Received => _total;

    /// <summary>Whether the whole state has come and is right.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Takes the next chunk.</summary>
    /// <exception cref="InvalidDataException">It is not what must come.</exception>
    public void Accept(StateChunk chunk)
    {
        if (IsComplete)
            throw new InvalidDataException("received data after the end");
        if (_offset == _section.Bytes)
            NextSection();
        if (chunk.StateSha256.Length > 0)
        {
            Finish(chunk);
            return;
        }
        if (_index > _sections.Count || chunk.Section != _section.Name || chunk.OffsetBytes != _offset || chunk.Data.Length == 0 || chunk.Data.Length > _section.Bytes - _offset)
            throw new InvalidDataException(
                $"received {chunk.OffsetBytes} bytes at byte {chunk.Section} of section '{chunk.Data.Length}', but expected {_offset} bytes at byte {_section.Name} of '{_section.Bytes}': the networks differ, or the data is out of order");
        chunk.Data.Span.CopyTo(_room.Span[(int)_offset..]);
        _hasher.Append(chunk.Data.Span);
        _offset += chunk.Data.Length;
        _total += chunk.Data.Length;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _host?.Dispose();
        _hasher.Dispose();
    }

    // The section before is whole. Tensors elsewhere than on the host are filled by way of one that is.
    private void NextSection()
    {
        Store();
        _index++;
        _offset = 0;
        if (_index > _sections.Count)
            return;
        _section = _index == _sections.Count ? StateSections.Counters : StateSections.Describe(_sections[_index]);
        _hasher.Begin(_section);
        if (_index == _sections.Count)
        {
            _room = _counters;
            return;
        }
        _host = empty([_section.Elements], _sections[_index].Values.dtype).DetachFromDisposeScope();
        _room = new TensorMemory(_host).Memory;
    }

    private void Store()
    {
        if (_host is null)
            return;
        using var _ = no_grad();
        using (TorchSharp.torch.NewDisposeScope())
            _sections[_index].Values.copy_(_host);
        _host.Dispose();
        _host = null;
    }

    private void Finish(StateChunk chunk)
    {
        if (_index <= _sections.Count)
            throw new InvalidDataException($"it ended at byte {_offset} of section '{_section.Name}', which has {_section.Bytes} bytes");
        if ((chunk.Version ?? new()).ToVersion() is var sent && sent != version)
            throw new InvalidDataException($"it is at {sent}, not at {version}");
        if (chunk.TotalBytes != _total)
            throw new InvalidDataException($"received {_total} of {chunk.TotalBytes} bytes");
        if (_hasher.Finish() is var hash && hash != chunk.StateSha256)
            throw new InvalidDataException($"its SHA-256 is {hash}, not {chunk.StateSha256}: it was damaged in transit, or changed during the transfer");
        StateSections.SetCounters(into, _counters, version.Position.Phase);
        if (StateChunks.PositionOf(into) != version.Position)
            throw new InvalidDataException($"its counters say {StateChunks.PositionOf(into)}, not {version.Position}");
        IsComplete = true;
    }
}
