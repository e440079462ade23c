namespace Atelier.Training.Networks;

/// <summary>From styles to images: one block a resolution, from the learned constant up.</summary>
internal sealed class SynthesisNetwork
{
    private readonly SynthesisBlock[] _blocks;

    public SynthesisNetwork(INetworkTensors tensors, GeneratorConfig config)
    {
        _blocks = new SynthesisBlock[config.Shape.Doublings + 1];
        for (int level = 0; level < _blocks.Length; level++)
            _blocks[level] = new SynthesisBlock(tensors.Scope($"b{config.Shape.Resolution(level)}"), config, level);
    }

    /// <param name="styles">[N, StyleCount, styleSize]</param>
    /// <param name="noise">What the layers add.</param>
    /// <returns>[N, 3, H, W], nominally in [-1, 1].</returns>
    public Tensor Forward(Tensor styles, NoiseInput noise)
    {
        Tensor? x = null, image = null;
        int style = 0;
        foreach (var block in _blocks)
        {
            (x, image) = block.Forward(x, image, styles, style, noise);
            style += block.Convolutions;
        }
        return image!;
    }
}
