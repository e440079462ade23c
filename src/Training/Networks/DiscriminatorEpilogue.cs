using Atelier.Core.Specs;
using Atelier.Training.Ops;

namespace Atelier.Training.Networks;

/// <summary>The discriminator's last block: minibatch deviation, a convolution, and two fully connected layers.</summary>
internal sealed class DiscriminatorEpilogue
{
    private readonly DiscriminatorConfig _config;
    private readonly ConvLayer? _fromRgb;
    private readonly ConvLayer _conv;
    private readonly FullyConnectedLayer _fc;
    private readonly FullyConnectedLayer _out;

    public DiscriminatorEpilogue(INetworkTensors tensors, DiscriminatorConfig config)
    {
        _config = config;
        var (width, height) = config.Shape.Level(0);
        int channels = config.Channels(config.Shape.Resolution(0));
        if (config.Architecture == NetworkArchitecture.Skip || config.Shape.Doublings == 0)
            _fromRgb = new ConvLayer(tensors.Scope("fromrgb"), 3, channels, kernel: 1);
        _conv = new ConvLayer(tensors.Scope("conv"), channels + config.MinibatchChannels, channels, kernel: 3, clamp: config.ConvClamp);
        _fc = new FullyConnectedLayer(tensors.Scope("fc"), channels * width * height, channels, Activation.LeakyRelu);
        _out = new FullyConnectedLayer(tensors.Scope("out"), channels, config.LabelSize > 0 ? channels : 1);
    }

    /// <param name="x">[N, C, H, W] of the start block's size.</param>
    /// <param name="image">[N, 3, H, W] with skip connections or where this is the only block, else null.</param>
    /// <param name="labelStyle">[N, C] the mapped labels, or null.</param>
    /// <returns>Logits, [N, 1]; positive means real.</returns>
    public Tensor Forward(Tensor? x, Tensor? image, Tensor? labelStyle)
    {
        if (_fromRgb is not null)
        {
            var y = _fromRgb.Forward(image!);
            x = x is null ? y : x + y;
        }
        if (_config.MinibatchChannels > 0)
            x = MinibatchStd.Apply(x!, _config.MinibatchGroup, _config.MinibatchChannels);
        x = _out.Forward(_fc.Forward(_conv.Forward(x!).flatten(1)));
        // Projection of the label (Miyato & Koyama 2018).
        return labelStyle is null ? x : (x * labelStyle).sum([1L], keepdim: true) * (1 / Math.Sqrt(labelStyle.shape[1]));
    }
}
