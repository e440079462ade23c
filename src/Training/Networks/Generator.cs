using Atelier.Core.Schedules;
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
        Stage = new NetworkStage(config.Shape.Doublings);
    }

    /// <summary>The network's shape.</summary>
    public GeneratorConfig Config { get; }

    /// <summary>Running mean of w, [styleSize].</summary>
    public Tensor MeanStyle { get; }

    /// <summary>What of the network is in use; all of it at first.</summary>
    public NetworkStage Stage { get; set; }

    /// <summary>Sees every layer's features; null for none.</summary>
    public IFeatureHook? Hook { get; set; }

    /// <summary>Styles that images of the stage depend on: the first so many.</summary>
    public int StylesInUse => (2 * Stage.Level) + 2;

    /// <summary>The synthesis layers, from the start block.</summary>
    public IReadOnlyList<SynthesisLayerName> Layers => _synthesis.Layers;

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

    /// <summary>Styles to images of full size; where the network has not grown so far, of larger pixels.</summary>
    /// <param name="styles">[N, StyleCount, styleSize]</param>
    /// <param name="noise">What the layers add.</param>
    /// <param name="hook">Sees every layer's features, after <see cref="Hook"/>; null for none.</param>
    /// <returns>[N, 3, H, W], nominally in [-1, 1].</returns>
    public Tensor Synthesize(Tensor styles, NoiseInput noise, IFeatureHook? hook = null)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        var images = SynthesizeLevel(styles, noise, hook);
        for (int level = Stage.Level; level < Config.Shape.Doublings; level++)
            images = ImageLevels.Double(images);
        return images.MoveToOuterDisposeScope();
    }

    /// <summary>Styles to images of the stage's level.</summary>
    /// <param name="styles">[N, StyleCount, styleSize]</param>
    /// <param name="noise">What the layers add.</param>
    /// <param name="hook">Sees every layer's features, after <see cref="Hook"/>; null for none.</param>
    /// <returns>[N, 3, h, w], nominally in [-1, 1]; of full size unless the network is growing.</returns>
    public Tensor SynthesizeLevel(Tensor styles, NoiseInput noise, IFeatureHook? hook = null)
    {
        // What the graph needs of the layers' results it keeps itself, and frees on the way back.
        using var scope = TorchSharp.torch.NewDisposeScope();
        return _synthesis.Forward(styles, new SynthesisPass(noise, Stage, FeatureHooks.Both(Hook, hook))).MoveToOuterDisposeScope();
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
    private readonly ISynthesisBlock[] _blocks;
    private readonly bool _grows;

    public SynthesisNetwork(INetworkTensors tensors, GeneratorConfig config)
    {
        _grows = config.FirstLevel is not null;
        _blocks = new ISynthesisBlock[config.Shape.Doublings + 1];
        for (int level = 0; level < _blocks.Length; level++)
        {
            var scope = tensors.Scope($"b{config.Shape.Resolution(level)}");
            _blocks[level] = config.Normalisation == Normalisation.Demodulation ? new SynthesisBlock(scope, config, level) : new AdaptiveBlock(scope, config, level);
        }
        Layers = [.. _blocks.SelectMany(block => block.Layers)];
    }

    public IReadOnlyList<SynthesisLayerName> Layers { get; }

    /// <param name="styles">[N, StyleCount, styleSize]</param>
    /// <param name="pass">Noise, stage and hook.</param>
    /// <returns>[N, 3, H, W] of the stage's level, nominally in [-1, 1].</returns>
    public Tensor Forward(Tensor styles, in SynthesisPass pass)
    {
        Tensor? x = null, image = null;
        int style = 0;
        for (int level = 0; level <= pass.Stage.Level; level++)
        {
            var block = _blocks[level];
            var below = x;
            x = block.Features(x, styles, style, pass);
            style += block.Convolutions;
            if (_grows)
            {
                if (level < pass.Stage.Level)
                    continue;
                image = block.Image(x, styles, style);
                if (pass.Stage.IsFading)
                    image = ImageLevels.Fade(ImageLevels.Double(_blocks[level - 1].Image(below!, styles, style - block.Convolutions)), image, pass.Stage.Fade);
                continue;
            }
            if (image is not null)
                image = Upfirdn2d.Upsample(image, ResamplingFilter.Binomial);
            if (block.HasImage)
            {
                var rgb = block.Image(x, styles, style);
                image = image is null ? rgb : image.Plus(rgb);
            }
        }
        return image!;
    }
}

/// <summary>The layers of one resolution, of either kind of generator.</summary>
internal interface ISynthesisBlock
{
    /// <summary>Convolutions, and so styles used up: in StyleGAN2 the next block starts with the style that this one's image used.</summary>
    int Convolutions { get; }

    /// <summary>Whether it makes an image.</summary>
    bool HasImage { get; }

    IEnumerable<SynthesisLayerName> Layers { get; }

    /// <param name="x">[N, C, H/2, W/2], or null in the first block.</param>
    /// <param name="styles">[N, StyleCount, styleSize] of the whole network.</param>
    /// <param name="firstStyle">Index of this block's first style.</param>
    /// <param name="pass">Noise, stage and hook.</param>
    /// <returns>[N, C', H, W]</returns>
    Tensor Features(Tensor? x, Tensor styles, int firstStyle, in SynthesisPass pass);

    /// <param name="x">[N, C', H, W]</param>
    /// <param name="styles">[N, StyleCount, styleSize]</param>
    /// <param name="style">Index of the image's style.</param>
    /// <returns>[N, 3, H, W]</returns>
    Tensor Image(Tensor x, Tensor styles, int style);
}

/// <summary>The layers of one resolution of the generator.</summary>
internal sealed class SynthesisBlock : ISynthesisBlock
{
    private readonly Tensor? _constant;
    private readonly SynthesisLayer? _conv0;
    private readonly SynthesisLayer _conv1;
    private readonly ToRgbLayer? _toRgb;
    private readonly ConvLayer? _skip;
    private readonly TorchSharp.torch.ScalarType? _half;

    public SynthesisBlock(INetworkTensors tensors, GeneratorConfig config, int level)
    {
        _half = config.Half?.Of(level, config.Shape.Doublings);
        var size = config.Shape.Level(level);
        int outputs = config.Channels(config.Shape.Resolution(level));
        bool isFirst = level == 0;
        int firstLayer = isFirst ? 0 : (2 * level) - 1;
        SynthesisLayerName Named(string convolution, int index) => new($"b{config.Shape.Resolution(level)}.{convolution}", index, outputs, size.Width, size.Height);
        if (isFirst)
        {
            _constant = tensors.Parameter("const", [outputs, size.Height, size.Width], Initial.Normal);
        }
        else
        {
            int inputs = config.Channels(config.Shape.Resolution(level - 1));
            _conv0 = new SynthesisLayer(tensors.Scope("conv0"), Named("conv0", firstLayer), inputs, outputs, config.StyleSize, size, up: 2, config.ConvClamp);
            if (config.Architecture == NetworkArchitecture.Resnet)
                _skip = new ConvLayer(tensors.Scope("skip"), inputs, outputs, kernel: 1, bias: false, Activation.Linear, up: 2);
        }
        _conv1 = new SynthesisLayer(tensors.Scope("conv1"), Named("conv1", firstLayer + (isFirst ? 0 : 1)), outputs, outputs, config.StyleSize, size, up: 1, config.ConvClamp);
        if (config.HasImageLayer(level))
            _toRgb = new ToRgbLayer(tensors.Scope("torgb"), outputs, config.StyleSize, config.ConvClamp);
        tensors.ResampleFilter();
    }

    public int Convolutions => _conv0 is null ? 1 : 2;

    public bool HasImage => _toRgb is not null;

    public IEnumerable<SynthesisLayerName> Layers => _conv0 is null ? [_conv1.Name] : [_conv0.Name, _conv1.Name];

    public Tensor Features(Tensor? x, Tensor styles, int firstStyle, in SynthesisPass pass)
    {
        if (_constant is not null)
            return _conv1.Forward(_constant.unsqueeze(0).expand([styles.shape[0], -1, -1, -1]).contiguous(), styles.select(1, firstStyle), pass);
        if (_half is { } type)
            x = x!.to(type);
        if (_skip is null)
            return _conv1.Forward(_conv0!.Forward(x!, styles.select(1, firstStyle), pass), styles.select(1, firstStyle + 1), pass);
        var y = _skip.Forward(x!, Math.Sqrt(0.5));
        x = _conv0!.Forward(x!, styles.select(1, firstStyle), pass);
        return y.Plus(_conv1.Forward(x, styles.select(1, firstStyle + 1), pass, Math.Sqrt(0.5)));
    }

    public Tensor Image(Tensor x, Tensor styles, int style)
    {
        var image = _toRgb!.Forward(x, styles.select(1, style));
        return _half is null ? image : image.to(styles.dtype);
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
    private readonly double? _clamp;

    /// <param name="tensors">Where the tensors come from.</param>
    /// <param name="name">Its name; its place says which noise it draws.</param>
    /// <param name="inputs">Input channels.</param>
    /// <param name="outputs">Output channels.</param>
    /// <param name="styleSize">Length of w.</param>
    /// <param name="size">Output size in pixels.</param>
    /// <param name="up">1 or 2.</param>
    /// <param name="clamp">Bound on the output, or null.</param>
    public SynthesisLayer(INetworkTensors tensors, SynthesisLayerName name, int inputs, int outputs, int styleSize, (int Width, int Height) size, int up, double? clamp)
    {
        (Name, _clamp) = (name, clamp);
        _affine = new FullyConnectedLayer(tensors.Scope("affine"), styleSize, inputs, biasInitial: 1);
        _weight = tensors.Parameter("weight", [outputs, inputs, 3, 3], Initial.Normal);
        _noiseStrength = tensors.Parameter("noise_strength", [], Initial.Zero);
        _bias = tensors.Parameter("bias", [outputs], Initial.Zero);
        _noiseConstant = tensors.Buffer("noise_const", [size.Height, size.Width], Initial.Normal);
        tensors.ResampleFilter();
        _layer = new ConvolutionLayer(kernel: 3, up, down: 1, ResamplingFilter.Binomial, Activation.LeakyRelu);
    }

    public SynthesisLayerName Name { get; }

    /// <param name="x">[N, inputs, H/up, W/up]</param>
    /// <param name="style">[N, styleSize]</param>
    /// <param name="pass">Noise and hook.</param>
    /// <param name="gain">Scales the output (√½ on residual branches).</param>
    /// <returns>[N, outputs, H, W]</returns>
    public Tensor Forward(Tensor x, Tensor style, in SynthesisPass pass, double gain = 1)
    {
        var drawn = pass.Noise.For(Name.Index, x.shape[0], _noiseConstant);
        var styles = _affine.Forward(style);
        return pass.Visit(Name, _layer.Apply(
            x, _weight, styles, DemodulationOp.Apply(_weight, styles), drawn, drawn is null ? null : _noiseStrength, _bias, Math.Sqrt(2) * gain, _clamp * gain));
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
