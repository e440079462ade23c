namespace Atelier.Training.Networks;

/// <summary>One tensor of a network and its place in the flat buffer.</summary>
/// <param name="Name">Published state-dict name, e.g. <c>synthesis.b64.conv0.affine.weight</c>.</param>
/// <param name="Shape">Shape; empty for a scalar.</param>
/// <param name="Offset">First element in the flat buffer.</param>
/// <param name="Initial">How a new network starts.</param>
/// <param name="IsParameter">False for a buffer (<c>noise_const</c>, <c>w_avg</c>).</param>
/// <param name="Trainable">False for a frozen parameter and for buffers.</param>
public sealed record LayoutEntry(string Name, long[] Shape, long Offset, Initial Initial, bool IsParameter, bool Trainable)
{
    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);
}

/// <summary>
/// Where each tensor of a network lies in its one flat buffer: parameters first, in order of construction, then
/// buffers. Optimiser, averaging, reduction, hashing and snapshots are single passes over it
/// (docs/decisions/0003-flat-buffers.md).
/// </summary>
public sealed class NetworkLayout
{
    /// <summary>Tensors start at multiples of this many elements (64 bytes in float32), so that vector loads are aligned.</summary>
    public const int Alignment = 16;

    private readonly Dictionary<string, LayoutEntry> _byName;

    private NetworkLayout(IReadOnlyList<LayoutEntry> entries, IReadOnlyList<string> filters, long parameterLength, long length)
    {
        Entries = entries;
        FilterNames = filters;
        ParameterLength = parameterLength;
        Length = length;
        _byName = entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
    }

    /// <summary>All tensors, in the order of the flat buffer.</summary>
    public IReadOnlyList<LayoutEntry> Entries { get; }

    /// <summary>Names of the constant resampling filters that the published state dicts list.</summary>
    public IReadOnlyList<string> FilterNames { get; }

    /// <summary>Elements from 0 that hold parameters; gradients and moments have this length.</summary>
    public long ParameterLength { get; }

    /// <summary>Elements of the whole buffer.</summary>
    public long Length { get; }

    /// <summary>The entry called <paramref name="name"/>.</summary>
    /// <exception cref="KeyNotFoundException">The network has no such tensor.</exception>
    public LayoutEntry this[string name] => _byName.TryGetValue(name, out var entry)
        ? entry
        : throw new KeyNotFoundException($"the network has no tensor '{name}'");

    /// <summary>Whether the network has a tensor called <paramref name="name"/>.</summary>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>Learns the layout of the network that <paramref name="build"/> constructs.</summary>
    public static NetworkLayout Of(Action<INetworkTensors> build)
    {
        var recorder = new LayoutRecorder();
        build(recorder);
        var entries = new List<LayoutEntry>();
        long offset = 0;
        foreach (var declared in recorder.Declared.Where(entry => entry.IsParameter))
        {
            entries.Add(declared with { Offset = offset });
            offset = Align(offset + declared.Count);
        }
        long parameterLength = offset;
        foreach (var declared in recorder.Declared.Where(entry => !entry.IsParameter))
        {
            entries.Add(declared with { Offset = offset });
            offset = Align(offset + declared.Count);
        }
        return new NetworkLayout(entries, recorder.Filters, parameterLength, offset);
    }

    private static long Align(long offset) => (offset + Alignment - 1) / Alignment * Alignment;
}
