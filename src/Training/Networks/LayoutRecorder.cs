namespace Atelier.Training.Networks;

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
            throw new InvalidOperationException($"the tensor '{entry.Name}' is declared twice");
        _declared.Add(entry);
        // Constructors only store what they are given, so there is nothing to hand out yet.
        return null!;
    }
}
