using Atelier.Core.Specs;
using Atelier.Training.Interop;
using Atelier.Training.Ops;

namespace Atelier.Training.Networks;

/// <summary>The StyleGAN2 generator (Karras et al. 2020): mapping and synthesis.</summary>
public sealed class Generator
{
    /// <summary>Name of the running mean of w in the flat buffer.</summary>
    public const string MeanStyleName = "mapping.w_avg";

    private readonly MappingNetwork _mapping;
    private readonly SynthesisNetwork _synthesis;

    /// <summary>Builds the network over <paramref name="tensors"/>.</summary>
    public Generator(INetworkTensors tensors, GeneratorConfig config)
    {
        Config = config;
        var mapping = tensors.Scope("mapping");
        _mapping = new MappingNetwork(mapping, config.LatentSize, config.LabelSize, config.StyleSize, config.MappingLayers);
        MeanStyle = mapping.Buffer("w_avg", [config.StyleSize], Initial.Zero);
        _synthesis = new SynthesisNetwork(tensors.Scope("synthesis"), config);
    }

    /// <summary>The network's shape.</summary>
    public GeneratorConfig Config { get; }

    /// <summary>Running mean of w, [styleSize].</summary>
    public Tensor MeanStyle { get; }

    /// <summary>The layout of a generator's flat buffer.</summary>
    public static NetworkLayout LayoutOf(GeneratorConfig config) => NetworkLayout.Of(tensors => _ = new Generator(tensors, config));

    /// <summary>Latents to one style each.</summary>
    /// <param name="z">[N, latentSize]</param>
    /// <param name="labels">[N, labelSize], or null for an unconditional network.</param>
    /// <returns>w, [N, styleSize]</returns>
    public Tensor Map(Tensor z, Tensor? labels) => _mapping.Forward(z, labels);

    /// <summary>The same style for every layer.</summary>
    /// <param name="w">[N, styleSize]</param>
    /// <returns>[N, StyleCount, styleSize]</returns>
    public Tensor Broadcast(Tensor w) => w.unsqueeze(1).repeat(1, Config.StyleCount, 1);

    /// <summary>Moves styles towards the mean (Karras et al. 2019, the truncation trick in W).</summary>
    /// <param name="styles">[N, StyleCount, styleSize]</param>
    /// <param name="psi">1 leaves them, 0 makes all the mean.</param>
    /// <param name="cutoff">Only the first so many styles; null for all.</param>
    /// <returns>[N, StyleCount, styleSize]</returns>
    public Tensor Truncate(Tensor styles, double psi, int? cutoff = null)
    {
        if (psi == 1)
            return styles;
        long first = Math.Min(cutoff ?? Config.StyleCount, Config.StyleCount);
        var near = MeanStyle.Plus((styles.narrow(1, 0, first) - MeanStyle).Times(psi)); // [N,first,W]
        return first == Config.StyleCount ? near : TorchSharp.torch.cat([near, styles.narrow(1, first, Config.StyleCount - first)], 1);
    }

    /// <summary>Styles to images.</summary>
    /// <param name="styles">[N, StyleCount, styleSize]</param>
    /// <param name="noise">What the layers add.</param>
    /// <returns>[N, 3, H, W], nominally in [-1, 1].</returns>
    public Tensor Synthesize(Tensor styles, NoiseInput noise)
    {
        // What the graph needs of the layers' results it keeps itself, and frees on the way back.
        using var scope = TorchSharp.torch.NewDisposeScope();
        return _synthesis.Forward(styles, noise).MoveToOuterDisposeScope();
    }
}

/// <summary>From latents and labels to styles: normalised inputs, then fully connected layers at 1/100 of the learning rate.</summary>
internal sealed class MappingNetwork
{
    private const double LearningRateMultiplier = 0.01;

    private readonly FullyConnectedLayer? _embed;
    private readonly FullyConnectedLayer[] _layers;
    private readonly int _latentSize;

    public MappingNetwork(INetworkTensors tensors, int latentSize, int labelSize, int styleSize, int layers)
    {
        _latentSize = latentSize;
        _embed = labelSize > 0 ? new FullyConnectedLayer(tensors.Scope("embed"), labelSize, styleSize) : null;
        _layers = new FullyConnectedLayer[layers];
        int inputs = latentSize + (labelSize > 0 ? styleSize : 0);
        for (int i = 0; i < layers; i++)
        {
            _layers[i] = new FullyConnectedLayer(tensors.Scope($"fc{i}"), i == 0 ? inputs : styleSize, styleSize, Activation.LeakyRelu, LearningRateMultiplier);
        }
    }

    /// <param name="z">[N, latentSize], or null where the network maps labels only.</param>
    /// <param name="labels">[N, labelSize], or null for an unconditional network.</param>
    /// <returns>[N, styleSize]</returns>
    public Tensor Forward(Tensor? z, Tensor? labels)
    {
        Tensor? x = _latentSize > 0 ? NormalizeSecondMoment(z!) : null;
        if (_embed is not null)
        {
            var y = NormalizeSecondMoment(_embed.Forward(labels!));
            x = x is null ? y : TorchSharp.torch.cat([x, y], 1);
        }
        foreach (var layer in _layers)
            x = layer.Forward(x!);
        return x!;
    }

    private static Tensor NormalizeSecondMoment(Tensor x) => x * x.Squared().mean([1L], keepdim: true).Plus(1e-8).rsqrt();
}

/// <summary>From styles to images: one block per resolution, from the learned constant up.</summary>
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

/// <summary>The layers of one resolution of the generator.</summary>
internal sealed class SynthesisBlock
{
    private readonly NetworkArchitecture _architecture;
    private readonly Tensor? _constant;
    private readonly SynthesisLayer? _conv0;
    private readonly SynthesisLayer _conv1;
    private readonly ToRgbLayer? _toRgb;
    private readonly ConvLayer? _skip;

    public SynthesisBlock(INetworkTensors tensors, GeneratorConfig config, int level)
    {
        _architecture = config.Architecture;
        var size = config.Shape.Level(level);
        int outputs = config.Channels(config.Shape.Resolution(level));
        bool isFirst = level == 0;
        int firstLayer = isFirst ? 0 : (2 * level) - 1;
        if (isFirst)
        {
            _constant = tensors.Parameter("const", [outputs, size.Height, size.Width], Initial.Normal);
        }
        else
        {
            int inputs = config.Channels(config.Shape.Resolution(level - 1));
            _conv0 = new SynthesisLayer(tensors.Scope("conv0"), firstLayer, inputs, outputs, config.StyleSize, size, up: 2, config.ConvClamp);
            if (_architecture == NetworkArchitecture.Resnet)
                _skip = new ConvLayer(tensors.Scope("skip"), inputs, outputs, kernel: 1, bias: false, Activation.Linear, up: 2);
        }
        _conv1 = new SynthesisLayer(tensors.Scope("conv1"), firstLayer + (isFirst ? 0 : 1), outputs, outputs, config.StyleSize, size, up: 1, config.ConvClamp);
        if (_architecture == NetworkArchitecture.Skip || level == config.Shape.Doublings)
            _toRgb = new ToRgbLayer(tensors.Scope("torgb"), outputs, config.StyleSize, config.ConvClamp);
        tensors.ResampleFilter();
    }

    /// <summary>Convolutions, and so styles used up: the next block starts with the style that this one's image used.</summary>
    public int Convolutions => _conv0 is null ? 1 : 2;

    /// <param name="x">[N, C, H/2, W/2], or null in the first block.</param>
    /// <param name="image">[N, 3, H/2, W/2], or null.</param>
    /// <param name="styles">[N, StyleCount, styleSize] of the whole network.</param>
    /// <param name="firstStyle">Index of this block's first style.</param>
    /// <param name="noise">What the layers add.</param>
    /// <returns>Features [N, C', H, W] and the image so far [N, 3, H, W].</returns>
    public (Tensor X, Tensor? Image) Forward(Tensor? x, Tensor? image, Tensor styles, int firstStyle, NoiseInput noise)
    {
        int next = firstStyle;
        Tensor Style() => styles.select(1, next++);

        if (_constant is not null)
        {
            x = _conv1.Forward(_constant.unsqueeze(0).expand([styles.shape[0], -1, -1, -1]).contiguous(), Style(), noise);
        }
        else if (_skip is not null)
        {
            var y = _skip.Forward(x!, Math.Sqrt(0.5));
            x = _conv0!.Forward(x!, Style(), noise);
            x = y.Plus(_conv1.Forward(x, Style(), noise, Math.Sqrt(0.5)));
        }
        else
        {
            x = _conv1.Forward(_conv0!.Forward(x!, Style(), noise), Style(), noise);
        }

        if (image is not null)
            image = Upfirdn2d.Upsample(image, ResamplingFilter.Binomial);
        if (_toRgb is not null)
        {
            var rgb = _toRgb.Forward(x, Style());
            image = image is null ? rgb : image.Plus(rgb);
        }
        return (x, image);
    }
}

/// <summary>A modulated 3×3 convolution with noise, bias and leaky ReLU (Karras et al. 2020 §2.2).</summary>
internal sealed class SynthesisLayer
{
    private readonly FullyConnectedLayer _affine;
    private readonly Tensor _weight;
    private readonly Tensor _bias;
    private readonly Tensor _noiseConstant;
    private readonly Tensor _noiseStrength;
    private readonly ConvolutionLayer _layer;
    private readonly int _index;
    private readonly double? _clamp;

    /// <param name="tensors">Where the tensors come from.</param>
    /// <param name="index">Place among the synthesis layers, from the start block: which noise it draws.</param>
    /// <param name="inputs">Input channels.</param>
    /// <param name="outputs">Output channels.</param>
    /// <param name="styleSize">Length of w.</param>
    /// <param name="size">Output size in pixels.</param>
    /// <param name="up">1 or 2.</param>
    /// <param name="clamp">Bound on the output, or null.</param>
    public SynthesisLayer(INetworkTensors tensors, int index, int inputs, int outputs, int styleSize, (int Width, int Height) size, int up, double? clamp)
    {
        (_index, _clamp) = (index, clamp);
        _affine = new FullyConnectedLayer(tensors.Scope("affine"), styleSize, inputs, biasInitial: 1);
        _weight = tensors.Parameter("weight", [outputs, inputs, 3, 3], Initial.Normal);
        _noiseStrength = tensors.Parameter("noise_strength", [], Initial.Zero);
        _bias = tensors.Parameter("bias", [outputs], Initial.Zero);
        _noiseConstant = tensors.Buffer("noise_const", [size.Height, size.Width], Initial.Normal);
        tensors.ResampleFilter();
        _layer = new ConvolutionLayer(kernel: 3, up, down: 1, ResamplingFilter.Binomial, Activation.LeakyRelu);
    }

    /// <param name="x">[N, inputs, H/up, W/up]</param>
    /// <param name="style">[N, styleSize]</param>
    /// <param name="noise">What to add.</param>
    /// <param name="gain">Scales the output (√½ on residual branches).</param>
    /// <returns>[N, outputs, H, W]</returns>
    public Tensor Forward(Tensor x, Tensor style, NoiseInput noise, double gain = 1)
    {
        var drawn = noise.For(_index, x.shape[0], _noiseConstant);
        var styles = _affine.Forward(style);
        return _layer.Apply(
            x, _weight, styles, DemodulationOp.Apply(_weight, styles), drawn, drawn is null ? null : _noiseStrength, _bias, Math.Sqrt(2) * gain, _clamp * gain);
    }
}

/// <summary>A modulated 1×1 convolution to RGB, without demodulation.</summary>
internal sealed class ToRgbLayer
{
    private readonly FullyConnectedLayer _affine;
    private readonly Tensor _weight;
    private readonly Tensor _bias;
    private readonly ConvolutionLayer _layer = new(kernel: 1, up: 1, down: 1, filter: null, Activation.Linear);
    private readonly double _weightGain;
    private readonly double? _clamp;

    public ToRgbLayer(INetworkTensors tensors, int inputs, int styleSize, double? clamp)
    {
        _clamp = clamp;
        _weightGain = 1 / Math.Sqrt(inputs);
        _affine = new FullyConnectedLayer(tensors.Scope("affine"), styleSize, inputs, biasInitial: 1);
        _weight = tensors.Parameter("weight", [3, inputs, 1, 1], Initial.Normal);
        _bias = tensors.Parameter("bias", [3], Initial.Zero);
    }

    /// <param name="x">[N, inputs, H, W]</param>
    /// <param name="style">[N, styleSize]</param>
    /// <returns>[N, 3, H, W]</returns>
    public Tensor Forward(Tensor x, Tensor style) =>
        _layer.Apply(x, _weight, _affine.Forward(style), bias: _bias, clamp: _clamp, weightGain: _weightGain);
}
