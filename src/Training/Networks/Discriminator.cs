namespace Atelier.Training.Networks;

/// <summary>The StyleGAN2 discriminator (Karras et al. 2020).</summary>
public sealed class Discriminator
{
    private readonly DiscriminatorBlock[] _blocks;
    private readonly MappingNetwork? _mapping;
    private readonly DiscriminatorEpilogue _epilogue;

    /// <summary>Builds the network over <paramref name="tensors"/>.</summary>
    public Discriminator(INetworkTensors tensors, DiscriminatorConfig config)
    {
        var layers = new FrozenLayerCounter(config.FrozenLayers);
        int top = config.Shape.Doublings;
        _blocks = new DiscriminatorBlock[top];
        for (int i = 0; i < top; i++)
            _blocks[i] = new DiscriminatorBlock(tensors.Scope($"b{config.Shape.Resolution(top - i)}"), config, top - i, layers);
        int start = config.Shape.Resolution(0);
        if (config.LabelSize > 0)
            _mapping = new MappingNetwork(tensors.Scope("mapping"), 0, config.LabelSize, config.Channels(start), DiscriminatorConfig.LabelMappingLayers);
        _epilogue = new DiscriminatorEpilogue(tensors.Scope($"b{start}"), config);
    }

    /// <summary>The layout of a discriminator's flat buffer.</summary>
    public static NetworkLayout LayoutOf(DiscriminatorConfig config) => NetworkLayout.Of(tensors => _ = new Discriminator(tensors, config));

    /// <summary>How many layers, from the image side, can be kept from training: all before the last block.</summary>
    public static int FreezableLayers(DiscriminatorConfig config) =>
        LayoutOf(config with { FrozenLayers = int.MaxValue }).Entries
            .Where(entry => entry is { IsParameter: true, Trainable: false })
            .Select(entry => entry.Name[..entry.Name.LastIndexOf('.')]).Distinct().Count();

    /// <summary>Judges images.</summary>
    /// <param name="image">[N, 3, H, W], nominally in [-1, 1].</param>
    /// <param name="labels">[N, labelSize], or null for an unconditional network.</param>
    /// <returns>Logits, [N, 1]; positive means real.</returns>
    public Tensor Forward(Tensor image, Tensor? labels)
    {
        Tensor? x = null, rest = image;
        foreach (var block in _blocks)
            (x, rest) = block.Forward(x, rest);
        return _epilogue.Forward(x, rest, _mapping?.Forward(null, labels));
    }
}
