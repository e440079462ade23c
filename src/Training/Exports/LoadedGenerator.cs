using Atelier.Training.Networks;
using static TorchSharp.torch;

namespace Atelier.Training.Exports;

/// <summary>A generator for use, with the buffer that holds its weights.</summary>
public sealed class LoadedGenerator : IDisposable
{
    private readonly NetworkViews _views;

    internal LoadedGenerator(GeneratorConfig config, ScalarType precision, Device device)
    {
        Layout = Generator.LayoutOf(config);
        Values = zeros([Layout.Length], precision, device).DetachFromDisposeScope();
        _views = new NetworkViews(Layout, Values);
        Network = new Generator(_views, config);
    }

    /// <summary>The network.</summary>
    public Generator Network { get; }

    /// <summary>Where its tensors lie in <see cref="Values"/>.</summary>
    internal NetworkLayout Layout { get; }

    /// <summary>Its weights and buffers, [Length].</summary>
    internal Tensor Values { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _views.Release();
        Values.Dispose();
    }
}
