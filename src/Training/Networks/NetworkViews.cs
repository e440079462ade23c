using Atelier.Training.Ops;

namespace Atelier.Training.Networks;

/// <summary>
/// Tensors of a network as views into one flat buffer. With a gradient buffer the trainable parameters are autograd
/// leaves of their own whose <c>grad</c> is a view into it, so that a backward pass leaves the whole gradient in one
/// piece and several lanes can share one set of values.
/// </summary>
public sealed class NetworkViews : INetworkTensors
{
    private readonly NetworkLayout _layout;
    private readonly string _prefix;
    private readonly Dictionary<string, Tensor> _views;
    private readonly Tensor _filter;
    private readonly List<Tensor> _trainable;

    /// <summary>Views of <paramref name="values"/>; with <paramref name="gradients"/>, leaves that accumulate there.</summary>
    /// <param name="layout">The network's layout.</param>
    /// <param name="values">[<see cref="NetworkLayout.Length"/>] the flat buffer, float32 or float64.</param>
    /// <param name="gradients">[≥ <see cref="NetworkLayout.ParameterLength"/>] or null for a network that is not trained.</param>
    public NetworkViews(NetworkLayout layout, Tensor values, Tensor? gradients = null)
    {
        _layout = layout;
        _prefix = "";
        _trainable = [];
        _filter = ResamplingFilter.Binomial.ToTensor(values.dtype, values.device).DetachFromDisposeScope();
        _views = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var entry in layout.Entries)
            _views.Add(entry.Name, View(entry, values, gradients).DetachFromDisposeScope());
    }

    private NetworkViews(NetworkViews parent, string prefix)
    {
        _layout = parent._layout;
        _prefix = prefix;
        _trainable = parent._trainable;
        _filter = parent._filter;
        _views = parent._views;
    }

    /// <summary>The trained leaves; empty when built without gradients.</summary>
    public IReadOnlyList<Tensor> Trainable => _trainable;

    /// <inheritdoc/>
    public Tensor Parameter(string name, long[] shape, Initial initial, bool trainable = true) => _views[_prefix + name];

    /// <inheritdoc/>
    public Tensor Buffer(string name, long[] shape, Initial initial) => _views[_prefix + name];

    /// <inheritdoc/>
    public Tensor ResampleFilter(string name = "resample_filter") => _filter;

    /// <inheritdoc/>
    public INetworkTensors Scope(string name) => new NetworkViews(this, $"{_prefix}{name}.");

    /// <summary>Frees the views (not the buffers they look into).</summary>
    public void Release()
    {
        foreach (var view in _views.Values)
            view.Dispose();
        _filter.Dispose();
    }

    private Tensor View(LayoutEntry entry, Tensor values, Tensor? gradients)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        var view = values.detach().narrow(0, entry.Offset, entry.Count).view(entry.Shape);
        if (gradients is not null && entry.Trainable)
        {
            view = view.detach().requires_grad_();
            view.grad = gradients.narrow(0, entry.Offset, entry.Count).view(entry.Shape);
            _trainable.Add(view);
        }
        return view.MoveToOuterDisposeScope();
    }
}
