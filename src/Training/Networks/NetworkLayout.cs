namespace Atelier.Training.Networks;

/// <summary>
/// Where a network's layers get their tensors from, by their published state-dict names. A network is built once
/// against <see cref="LayoutRecorder"/> to learn which tensors it has, and any number of times against
/// <see cref="NetworkViews"/> to run: one definition serves both.
/// </summary>
public interface INetworkTensors
{
    /// <summary>A trained tensor.</summary>
    /// <param name="name">Name within this scope, e.g. <c>weight</c>.</param>
    /// <param name="shape">Its shape; empty for a scalar.</param>
    /// <param name="initial">How a new network starts.</param>
    /// <param name="trainable">False keeps it as it starts (transfer learning with frozen layers).</param>
    Tensor Parameter(string name, long[] shape, Initial initial, bool trainable = true);

    /// <summary>A tensor that is part of the state but is not trained by gradients (<c>noise_const</c>, <c>w_avg</c>).</summary>
    Tensor Buffer(string name, long[] shape, Initial initial);

    /// <summary>The constant resampling filter [4,4]; in exports, not in the state.</summary>
    Tensor ResampleFilter(string name = "resample_filter");

    /// <summary>The tensors of a child module.</summary>
    INetworkTensors Scope(string name);
}

/// <summary>How a tensor of a network starts: normal draws times <paramref name="Deviation"/>, plus <paramref name="Mean"/>.</summary>
/// <param name="Deviation">Standard deviation; 0 makes a constant.</param>
/// <param name="Mean">Added to every element.</param>
public readonly record struct Initial(double Deviation, double Mean)
{
    /// <summary>Every element is zero.</summary>
    public static Initial Zero => new(0, 0);

    /// <summary>Standard normal draws.</summary>
    public static Initial Normal => new(1, 0);

    /// <summary>Every element is <paramref name="value"/>.</summary>
    public static Initial Constant(double value) => new(0, value);
}

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

/// <summary>Writes down which tensors a network asks for, in order; the tensors it hands out are never computed with.</summary>
internal sealed class LayoutRecorder : INetworkTensors
{
    private readonly string _prefix;
    private readonly List<LayoutEntry> _declared;
    private readonly List<string> _filters;

    public LayoutRecorder()
        : this("", [], [])
    {
    }

    private LayoutRecorder(string prefix, List<LayoutEntry> declared, List<string> filters) =>
        (_prefix, _declared, _filters) = (prefix, declared, filters);

    /// <summary>Everything asked for so far; offsets are not assigned yet.</summary>
    public IReadOnlyList<LayoutEntry> Declared => _declared;

    public IReadOnlyList<string> Filters => _filters;

    public Tensor Parameter(string name, long[] shape, Initial initial, bool trainable = true) =>
        Declare(new LayoutEntry(_prefix + name, shape, 0, initial, IsParameter: true, trainable));

    public Tensor Buffer(string name, long[] shape, Initial initial) =>
        Declare(new LayoutEntry(_prefix + name, shape, 0, initial, IsParameter: false, Trainable: false));

    public Tensor ResampleFilter(string name = "resample_filter")
    {
        _filters.Add(_prefix + name);
        return null!;
    }

    public INetworkTensors Scope(string name) => new LayoutRecorder($"{_prefix}{name}.", _declared, _filters);

    private Tensor Declare(LayoutEntry entry)
    {
        if (_declared.Exists(other => other.Name == entry.Name))
            throw new InvalidOperationException($"the tensor '{entry.Name}' is defined twice");
        _declared.Add(entry);
        // Constructors only store what they are given, so there is nothing to hand out yet.
        return null!;
    }
}
