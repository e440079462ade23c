using Atelier.Core.Specs;
using Atelier.Training.Ops;

namespace Atelier.Training.Networks;

/// <summary>The layers of one resolution of the discriminator.</summary>
internal sealed class DiscriminatorBlock
{
    private readonly NetworkArchitecture _architecture;
    private readonly ConvLayer? _fromRgb;
    private readonly ConvLayer _conv0;
    private readonly ConvLayer _conv1;
    private readonly ConvLayer? _skip;
    private readonly Tensor _filter;

    /// <param name="tensors">Where the tensors come from.</param>
    /// <param name="config">The network's shape.</param>
    /// <param name="level">Doublings of the start block; the highest reads the image.</param>
    /// <param name="layers">Counts layers from the image side, so that the first few can be frozen.</param>
    public DiscriminatorBlock(INetworkTensors tensors, DiscriminatorConfig config, int level, FrozenLayerCounter layers)
    {
        _architecture = config.Architecture;
        int channels = config.Channels(config.Shape.Resolution(level));
        int outputs = config.Channels(config.Shape.Resolution(level - 1));
        if (level == config.Shape.Doublings || _architecture == NetworkArchitecture.Skip)
            _fromRgb = new ConvLayer(tensors.Scope("fromrgb"), 3, channels, kernel: 1, clamp: config.ConvClamp, trainable: layers.NextIsTrainable());
        _conv0 = new ConvLayer(tensors.Scope("conv0"), channels, channels, kernel: 3, clamp: config.ConvClamp, trainable: layers.NextIsTrainable());
        _conv1 = new ConvLayer(tensors.Scope("conv1"), channels, outputs, kernel: 3, down: 2, clamp: config.ConvClamp, trainable: layers.NextIsTrainable());
        if (_architecture == NetworkArchitecture.Resnet)
            _skip = new ConvLayer(tensors.Scope("skip"), channels, outputs, kernel: 1, bias: false, Activation.Linear, down: 2, trainable: layers.NextIsTrainable());
        _filter = tensors.ResampleFilter();
    }

    /// <param name="x">[N, C, H, W], or null in the first block.</param>
    /// <param name="image">[N, 3, H, W], or null once nobody reads it.</param>
    /// <returns>Features [N, C', H/2, W/2] and the image for the next block.</returns>
    public (Tensor X, Tensor? Image) Forward(Tensor? x, Tensor? image)
    {
        if (_fromRgb is not null)
        {
            var y = _fromRgb.Forward(image!);
            x = x is null ? y : x + y;
            image = _architecture == NetworkArchitecture.Skip ? Upfirdn2d.Downsample(image!, _filter) : null;
        }
        if (_skip is not null)
        {
            var y = _skip.Forward(x!, Math.Sqrt(0.5));
            return (y + _conv1.Forward(_conv0.Forward(x!), Math.Sqrt(0.5)), image);
        }
        return (_conv1.Forward(_conv0.Forward(x!)), image);
    }
}
