using System.Buffers.Binary;
using Atelier.Storage.Safetensors;
using Atelier.Storage.Snapshots;
using Atelier.Training.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Snapshots;

/// <summary>A trajectory state as the flat sections of snapshots and hashes: its tensors, then its counters.</summary>
public static class StateSections
{
    private const int CounterCount = 4;

    /// <summary>The section after those of the tensors: iteration, image count, and the steps of both Adams. Little-endian.</summary>
    public static SnapshotSection Counters { get; } = new("counters", TensorDtype.I64, CounterCount);

    /// <summary>What a snapshot writes; the bytes are read from the state when they are written.</summary>
    public static IReadOnlyList<SnapshotPartData> Parts(TrajectoryState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return
        [
            .. state.Sections().Select(section => SnapshotPartData.Whole(Describe(section), stream => WithBytes(section.Values, bytes => stream.Write(bytes)))),
            SnapshotPartData.Whole(Counters, stream => stream.Write(CounterBytes(state))),
        ];
    }

    /// <summary>
    /// What one of several writers writes of a snapshot: an even range of all elements, cut where sections end. Together the
    /// slices are the whole state; the counters go into the first one.
    /// </summary>
    /// <param name="state">The state.</param>
    /// <param name="slice">This writer, from 0.</param>
    /// <param name="count">Writers.</param>
    public static IReadOnlyList<SnapshotPartData> Slice(TrajectoryState state, int slice, int count)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)slice, (uint)count);
        var parts = new List<SnapshotPartData>();
        long total = state.Sections().Sum(section => section.Values.numel());
        long from = total * slice / count, to = total * (slice + 1) / count, start = 0;
        foreach (var section in state.Sections())
        {
            long first = Math.Max(from - start, 0), end = Math.Min(to - start, section.Values.numel());
            if (first < end)
                parts.Add(new(Describe(section), first, end - first, stream => WithBytes(section.Values.narrow(0, first, end - first), bytes => stream.Write(bytes))));
            start += section.Values.numel();
        }
        if (slice == 0)
            parts.Add(SnapshotPartData.Whole(Counters, stream => stream.Write(CounterBytes(state))));
        return parts;
    }

    /// <summary>The sections of a state, in canonical order.</summary>
    public static IReadOnlyList<SnapshotSection> Describe(TrajectoryState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return [.. state.Sections().Select(Describe), Counters];
    }

    /// <summary>SHA-256 of all weights, moments and counters: equal states have equal hashes, however they were computed or stored.</summary>
    public static string Hash(TrajectoryState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        using var hasher = new StateHasher();
        foreach (var section in state.Sections())
        {
            hasher.Begin(Describe(section));
            WithBytes(section.Values, hasher.Append);
        }
        hasher.Begin(Counters);
        hasher.Append(CounterBytes(state));
        return hasher.Finish();
    }

    /// <summary>The state in a snapshot, of the networks of the spec that it carries; the caller disposes it.</summary>
    /// <exception cref="SnapshotDamagedException">The snapshot lacks a section, or has one of another size or type.</exception>
    public static TrajectoryState Restore(OpenSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var state = new TrajectoryState(snapshot.Manifest.Spec.ToModel(), ScalarType.Float32, CPU);
        Load(snapshot, state);
        return state;
    }

    /// <summary>Fills a state from a snapshot of the same networks. One from before there was augmentation goes on without: p and its sums are 0.</summary>
    /// <exception cref="SnapshotDamagedException">The snapshot lacks a section, or has one of another size or type.</exception>
    public static void Load(OpenSnapshot snapshot, TrajectoryState state)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(state);
        using var _ = no_grad();
        foreach (var section in state.Sections())
        {
            using var scope = NewDisposeScope();
            var wanted = Describe(section);
            if (section.Name == TrajectoryState.AugmentationSection && !snapshot.Has(section.Name))
            {
                section.Values.zero_();
                continue;
            }
            Require(snapshot[section.Name], wanted);
            var host = empty([wanted.Elements], section.Values.dtype);
            snapshot.Read(snapshot[section.Name], 0, host.bytes);
            section.Values.copy_(host);
        }
        Require(snapshot[Counters.Name], Counters);
        Span<byte> bytes = stackalloc byte[CounterCount * sizeof(long)];
        snapshot.Read(snapshot[Counters.Name], 0, bytes);
        SetCounters(state, bytes);
    }

    /// <summary>Sets a state's counters.</summary>
    /// <param name="state">The state.</param>
    /// <param name="bytes">As <see cref="CounterBytes"/> gives them.</param>
    /// <param name="phasesDone">Phases of the next iteration that are applied; no section carries it.</param>
    public static void SetCounters(TrajectoryState state, ReadOnlySpan<byte> bytes, int phasesDone = 0)
    {
        ArgumentNullException.ThrowIfNull(state);
        state.SetCounters(At(bytes, 0), At(bytes, 1), At(bytes, 2), At(bytes, 3), phasesDone);
    }

    /// <summary>What a section of tensors is called and how large it is.</summary>
    public static SnapshotSection Describe(StateSection section) => new(
        section.Name, section.Values.dtype == ScalarType.Float64 ? TensorDtype.F64 : TensorDtype.F32, section.Values.numel());

    private static void WithBytes(Tensor values, SpanAction use)
    {
        using var scope = NewDisposeScope();
        use(values.cpu().bytes);
    }

    /// <summary>A state's counters, as <see cref="Counters"/> has them.</summary>
    public static byte[] CounterBytes(TrajectoryState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var bytes = new byte[CounterCount * sizeof(long)];
        long[] counters = [state.Iteration, state.ImageCount, state.GeneratorMoments.Step, state.DiscriminatorMoments.Step];
        for (int i = 0; i < CounterCount; i++)
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(i * sizeof(long)), counters[i]);
        return bytes;
    }

    private static long At(ReadOnlySpan<byte> bytes, int index) => BinaryPrimitives.ReadInt64LittleEndian(bytes[(index * sizeof(long))..]);

    private static void Require(SnapshotSection stored, SnapshotSection wanted)
    {
        if (stored != wanted)
            throw new SnapshotDamagedException($"its section '{stored.Name}' has {stored.Elements} elements of {stored.Dtype}, but this run's networks need {wanted.Elements} of {wanted.Dtype}");
    }

    private delegate void SpanAction(ReadOnlySpan<byte> bytes);
}
