using Atelier.Core.Schedules;
using Atelier.Core.Specs;
using Atelier.Training.Interop;
using Atelier.Training.Ops;

namespace Atelier.Training.Networks;

/// <summary>The StyleGAN2 discriminator (Karras et al. 2020).</summary>
public sealed class Discriminator
{
    private readonly DiscriminatorBlock[] _blocks;
    private readonly MappingNetwork? _mapping;
    private readonly DiscriminatorEpilogue _epilogue;
    private readonly bool _grows;

    /// <summary>Builds the network over <paramref name="tensors"/>.</summary>
    public Discriminator(INetworkTensors tensors, DiscriminatorConfig config)
    {
        _grows = config.FirstLevel is not null;
        Stage = new NetworkStage(config.Shape.Doublings);
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

    /// <summary>What of the network is in use; all of it at first.</summary>
    public NetworkStage Stage { get; set; }

    /// <summary>Judges images.</summary>
    /// <param name="image">[N, 3, H, W] of the stage's level, nominally in [-1, 1].</param>
    /// <param name="labels">[N, labelSize], or null for an unconditional network.</param>
    /// <returns>Logits, [N, 1]; positive means real.</returns>
    public Tensor Forward(Tensor image, Tensor? labels)
    {
        // What the graph needs of the layers' results it keeps itself, and frees on the way back.
        using var scope = TorchSharp.torch.NewDisposeScope();
        Tensor? x = null, rest = image;
        if (_grows)
            (x, rest) = Grown(image);
        else
            foreach (var block in _blocks)
                (x, rest) = block.Forward(x, rest);
        return _epilogue.Forward(x, rest, _mapping?.Forward(null, labels)).MoveToOuterDisposeScope();
    }

    /// <summary>The blocks from the stage's level down; while it fades in, its features are mixed with those of the halved image.</summary>
    private (Tensor? X, Tensor? Image) Grown(Tensor image)
    {
        if (Stage.Level == 0)
            return (null, image);
        int next = _blocks.Length - Stage.Level; // the blocks go from the image down
        var x = _blocks[next].Forward(null, image).X;
        if (Stage.IsFading)
        {
            var halved = ImageLevels.Halve(image);
            x = ImageLevels.Fade(Stage.Level == 1 ? _epilogue.FromRgb(halved) : _blocks[next + 1].FromRgb(halved), x, Stage.Fade);
        }
        foreach (var block in _blocks.Skip(next + 1))
            x = block.Features(x);
        return (x, null);
    }
}

/// <summary>The layers of one resolution of the discriminator.</summary>
internal sealed class DiscriminatorBlock
{
    private readonly NetworkArchitecture _architecture;
    private readonly ConvLayer? _fromRgb;
    private readonly ConvLayer _conv0;
    private readonly ConvLayer _conv1;
    private readonly ConvLayer? _skip;
    private readonly TorchSharp.torch.ScalarType? _half;
    private readonly bool _followsHalf;

    /// <param name="tensors">Where the tensors come from.</param>
    /// <param name="config">The network's shape.</param>
    /// <param name="level">Doublings of the start block; the highest reads the image.</param>
    /// <param name="layers">Counts layers from the image side, so that the first few can be frozen.</param>
    public DiscriminatorBlock(INetworkTensors tensors, DiscriminatorConfig config, int level, FrozenLayerCounter layers)
    {
        _architecture = config.Architecture;
        _half = config.Half?.Of(level, config.Shape.Doublings);
        _followsHalf = _half is null && level < config.Shape.Doublings && config.Half?.Of(level + 1, config.Shape.Doublings) is not null;
        int channels = config.Channels(config.Shape.Resolution(level));
        int outputs = config.Channels(config.Shape.Resolution(level - 1));
        if (config.HasImageLayer(level))
            _fromRgb = new ConvLayer(tensors.Scope("fromrgb"), 3, channels, kernel: 1, clamp: config.ConvClamp, trainable: layers.NextIsTrainable());
        _conv0 = new ConvLayer(tensors.Scope("conv0"), channels, channels, kernel: 3, clamp: config.ConvClamp, trainable: layers.NextIsTrainable());
        _conv1 = new ConvLayer(tensors.Scope("conv1"), channels, outputs, kernel: 3, down: 2, clamp: config.ConvClamp, trainable: layers.NextIsTrainable());
        if (_architecture == NetworkArchitecture.Resnet)
            _skip = new ConvLayer(tensors.Scope("skip"), channels, outputs, kernel: 1, bias: false, Activation.Linear, down: 2, trainable: layers.NextIsTrainable());
        tensors.ResampleFilter();
    }

    /// <param name="x">[N, C, H, W], or null in the first block.</param>
    /// <param name="image">[N, 3, H, W], or null once nobody reads it.</param>
    /// <returns>Features [N, C', H/2, W/2] and the image for the next block.</returns>
    public (Tensor X, Tensor? Image) Forward(Tensor? x, Tensor? image)
    {
        if (_fromRgb is not null)
        {
            var y = _fromRgb.Forward(_half is { } type ? image!.to(type) : image!);
            x = x is null ? y : Own(x).Plus(y);
            image = _architecture == NetworkArchitecture.Skip ? Upfirdn2d.Downsample(image!, ResamplingFilter.Binomial) : null;
        }
        else if (x is not null)
        {
            x = Own(x);
        }
        return (Features(x!), image);
    }

    /// <summary>The features of the block before in this block's precision: with 16 bits its own, else that of the weights.</summary>
    private Tensor Own(Tensor x) => _half is { } type ? x.to(type) : _followsHalf ? x.to(_conv0.Precision) : x;

    /// <summary>[N, 3, H, W] to [N, C, H, W]</summary>
    public Tensor FromRgb(Tensor image) => _fromRgb!.Forward(image);

    /// <summary>[N, C, H, W] to [N, C', H/2, W/2]</summary>
    public Tensor Features(Tensor x)
    {
        if (_skip is null)
            return _conv1.Forward(_conv0.Forward(x));
        var y = _skip.Forward(x, Math.Sqrt(0.5));
        return y.Plus(_conv1.Forward(_conv0.Forward(x), Math.Sqrt(0.5)));
    }
}

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
        if (config.HasImageLayer(0))
            _fromRgb = new ConvLayer(tensors.Scope("fromrgb"), 3, channels, kernel: 1);
        _conv = new ConvLayer(tensors.Scope("conv"), channels + config.MinibatchChannels, channels, kernel: 3, clamp: config.ConvClamp);
        _fc = new FullyConnectedLayer(tensors.Scope("fc"), channels * width * height, channels, Activation.LeakyRelu);
        _out = new FullyConnectedLayer(tensors.Scope("out"), channels, config.LabelSize > 0 ? channels : 1);
    }

    /// <summary>[N, 3, H, W] to [N, C, H, W]</summary>
    public Tensor FromRgb(Tensor image) => _fromRgb!.Forward(image);

    /// <param name="x">[N, C, H, W] of the start block's size.</param>
    /// <param name="image">[N, 3, H, W] with skip connections or where this is the only block, else null.</param>
    /// <param name="labelStyle">[N, C] the mapped labels, or null.</param>
    /// <returns>Logits, [N, 1]; positive means real.</returns>
    public Tensor Forward(Tensor? x, Tensor? image, Tensor? labelStyle)
    {
        if (x is not null && _config.Half?.Of(1, _config.Shape.Doublings) is not null)
            x = x.to(_conv.Precision);
        if (_fromRgb is not null && image is not null)
        {
            var y = _fromRgb.Forward(image);
            x = x is null ? y : x.Plus(y);
        }
        if (_config.MinibatchChannels > 0)
            x = MinibatchStd.Apply(x!, _config.MinibatchGroup, _config.MinibatchChannels);
        x = _out.Forward(_fc.Forward(_conv.Forward(x!).flatten(1)));
        // Projection of the label (Miyato & Koyama 2018).
        return labelStyle is null ? x : (x * labelStyle).sum([1L], keepdim: true).Times(1 / Math.Sqrt(labelStyle.shape[1]));
    }
}

/// <summary>Says of each discriminator layer, from the image side, whether it is trained (Mo et al. 2020, freeze-D).</summary>
internal sealed class FrozenLayerCounter(int frozen)
{
    private int _next;

    public bool NextIsTrainable() => _next++ >= frozen;
}
