using Atelier.Core.Fleet;
using Atelier.Protos;
using Atelier.Storage.Snapshots;
using Atelier.Training.Snapshots;
using Atelier.Training.Step;
using Atelier.Worker.Interop;
using Google.Protobuf;
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
