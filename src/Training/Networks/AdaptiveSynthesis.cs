using Atelier.Core.Schedules;
using Atelier.Core.Specs;
using Atelier.Training.Interop;
using Atelier.Training.Ops;
using static Atelier.Training.Interop.TensorArithmetic;

namespace Atelier.Training.Networks;

/// <summary>
/// A block of the StyleGAN generator (Karras et al. 2019, figure 1b; configuration A of Karras et al. 2020, table 1): noise and
/// bias come before the activation, inside the block; then the features are normalised and modulated by mean and deviation.
/// </summary>
internal sealed class AdaptiveBlock : ISynthesisBlock
{
    private readonly Tensor? _constant;
    private readonly AdaptiveLayer _first;
    private readonly AdaptiveLayer _second;
    private readonly ConvLayer? _toRgb;

    public AdaptiveBlock(INetworkTensors tensors, GeneratorConfig config, int level)
    {
        int outputs = config.Channels(config.Shape.Resolution(level));
        int? inputs = level == 0 ? null : config.Channels(config.Shape.Resolution(level - 1));
        if (level == 0)
        {
            var (width, height) = config.Shape.Level(0);
            _constant = tensors.Parameter("const", [outputs, height, width], Initial.Constant(1));
        }
        _first = new AdaptiveLayer(tensors.Scope("conv0"), config, level, 2 * level, inputs, outputs);
        _second = new AdaptiveLayer(tensors.Scope("conv1"), config, level, (2 * level) + 1, outputs, outputs);
        if (config.HasImageLayer(level))
            _toRgb = new ConvLayer(tensors.Scope("torgb"), outputs, 3, kernel: 1, activation: Activation.Linear);
    }

    public int Convolutions => 2;

    public bool HasImage => _toRgb is not null;

    public IEnumerable<SynthesisLayerName> Layers => [_first.Name, _second.Name];

    public Tensor Features(Tensor? x, Tensor styles, int firstStyle, in SynthesisPass pass)
    {
        x ??= _constant!.unsqueeze(0).expand([styles.shape[0], -1, -1, -1]).contiguous();
        x = pass.Visit(_first.Name, _first.Forward(x, styles.select(1, firstStyle), pass));
        return pass.Visit(_second.Name, _second.Forward(x, styles.select(1, firstStyle + 1), pass));
    }

    public Tensor Image(Tensor x, Tensor styles, int style) => _toRgb!.Forward(x);
}

/// <summary>A 3×3 convolution, or none in front of the constant; noise, bias, leaky ReLU; normalisation; mean and deviation from a style.</summary>
internal sealed class AdaptiveLayer
{
    private readonly FullyConnectedLayer _affine;
    private readonly Tensor? _weight;
    private readonly Tensor _bias;
    private readonly Tensor _noiseConstant;
    private readonly Tensor _noiseStrength;
    private readonly Tensor? _pixelShare;
    private readonly ConvolutionLayer _convolution;
    private readonly double _weightGain;
    private readonly int _index;

    /// <param name="tensors">Where the tensors come from.</param>
    /// <param name="config">The network's shape and its normalisation.</param>
    /// <param name="level">Doublings of the start block.</param>
    /// <param name="index">Place among the synthesis layers, from the start block: which noise it draws.</param>
    /// <param name="inputs">Input channels; null for a layer without a convolution.</param>
    /// <param name="outputs">Output channels.</param>
    public AdaptiveLayer(INetworkTensors tensors, GeneratorConfig config, int level, int index, int? inputs, int outputs)
    {
        var (width, height) = config.Shape.Level(level);
        _index = index;
        Name = new SynthesisLayerName($"b{config.Shape.Resolution(level)}.conv{index % 2}", index, outputs, width, height);
        _affine = new FullyConnectedLayer(tensors.Scope("affine"), config.StyleSize, 2 * outputs);
        if (inputs is { } channels)
        {
            _weight = tensors.Parameter("weight", [outputs, channels, 3, 3], Initial.Normal);
            _weightGain = Math.Sqrt(2.0 / (channels * 9));
            tensors.ResampleFilter();
        }
        _noiseStrength = tensors.Parameter("noise_strength", [outputs], Initial.Zero);
        _bias = tensors.Parameter("bias", [outputs], Initial.Zero);
        if (config.Normalisation == Normalisation.Pin)
            _pixelShare = tensors.Parameter(PixelInstanceNorm.ShareName, [outputs], Initial.Constant(1));
        _noiseConstant = tensors.Buffer("noise_const", [height, width], Initial.Normal);
        _convolution = new ConvolutionLayer(kernel: 3, up: index % 2 == 0 && level > 0 ? 2 : 1, down: 1, ResamplingFilter.Binomial, Activation.Linear);
    }

    public SynthesisLayerName Name { get; }

    /// <param name="x">[N, inputs, H/up, W/up]</param>
    /// <param name="style">[N, styleSize]</param>
    /// <param name="pass">Noise, and the share of pixel normalisation.</param>
    /// <returns>[N, outputs, H, W]</returns>
    public Tensor Forward(Tensor x, Tensor style, in SynthesisPass pass)
    {
        if (_weight is not null)
            x = _convolution.Apply(x, _weight, weightGain: _weightGain);
        if (pass.Noise.For(_index, x.shape[0], _noiseConstant) is { } noise)
            x = x.Plus(noise * PerChannel(_noiseStrength));
        x = PublishedOps.BiasAct(x, _bias, 1, Activation.LeakyRelu, gain: 1);
        x = _pixelShare is null ? InstanceNorm.Apply(x) : PixelInstanceNorm.Apply(x, _pixelShare, pass.Stage.PixelShare);
        var modulation = _affine.Forward(style).unsqueeze(2).unsqueeze(3); // [N,2C,1,1]
        long channels = x.shape[1];
        return (x * modulation.narrow(1, 0, channels).Plus(1)).Plus(modulation.narrow(1, channels, channels));
    }

    private static Tensor PerChannel(Tensor values) => values.view(1, -1, 1, 1);
}

/// <summary>Instance normalisation: every feature map of every image to mean 0 and deviation 1 (Ulyanov et al. 2016).</summary>
public static class InstanceNorm
{
    internal const double Epsilon = 1e-8;

    /// <param name="x">[N, C, H, W]</param>
    /// <returns>Of x's shape.</returns>
    public static Tensor Apply(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        var centred = x - x.mean([2L, 3L], keepdim: true);
        return centred * centred.Squared().mean([2L, 3L], keepdim: true).Plus(Epsilon).rsqrt();
    }
}

/// <summary>
/// Pixel-instance normalisation (PIN, <i>Systematic Analysis and Removal of Circular Artifacts for StyleGAN</i>, 2021):
/// ρ ⊙ pixel-norm(x) + (1 − ρ) ⊙ instance-norm(x), ρ per channel, learned, kept within [0, 1] after every step.
/// </summary>
public static class PixelInstanceNorm
{
    /// <summary>Name of ρ among a layer's tensors.</summary>
    public const string ShareName = "rho";

    /// <param name="x">[N, C, H, W]</param>
    /// <param name="share">ρ, [C], within [0, 1].</param>
    /// <param name="scheduled">Factor on ρ: 0 while instances come first, 1 for ρ as it was learned.</param>
    /// <returns>Of x's shape.</returns>
    public static Tensor Apply(Tensor x, Tensor share, double scheduled)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(share);
        var instance = InstanceNorm.Apply(x);
        if (scheduled == 0)
            return instance;
        var pixel = x * x.Squared().mean([1L], keepdim: true).Plus(InstanceNorm.Epsilon).rsqrt();
        return instance.Plus((pixel - instance) * share.Times(scheduled).view(1, -1, 1, 1));
    }

    /// <summary>Brings every ρ of a flat buffer back into [0, 1].</summary>
    internal static void Clip(Tensor flat, IEnumerable<LayoutEntry> shares)
    {
        foreach (var entry in shares)
            flat.narrow(0, entry.Offset, entry.Count).clamp_(Number(0), Number(1));
    }

    /// <summary>The ρ of a network.</summary>
    internal static IReadOnlyList<LayoutEntry> SharesOf(NetworkLayout layout) =>
        [.. layout.Entries.Where(entry => entry.Name.EndsWith("." + ShareName, StringComparison.Ordinal))];
}

/// <summary>Twice and half the size of images, as networks that grow fade them (Karras et al. 2018 §2).</summary>
internal static class ImageLevels
{
    /// <summary>Pixels doubled. [N, C, H, W] to [N, C, 2H, 2W]</summary>
    public static Tensor Double(Tensor x)
    {
        long n = x.shape[0], c = x.shape[1], h = x.shape[2], w = x.shape[3];
        return x.reshape(n, c, h, 1, w, 1).expand(n, c, h, 2, w, 2).reshape(n, c, 2 * h, 2 * w);
    }

    /// <summary>Means of 2×2 pixels. [N, C, H, W] to [N, C, H/2, W/2]</summary>
    public static Tensor Halve(Tensor x)
    {
        long n = x.shape[0], c = x.shape[1], h = x.shape[2] / 2, w = x.shape[3] / 2;
        return x.reshape(n, c, h, 2, w, 2).mean([3L, 5L]);
    }

    /// <summary>Real images as a stage shows them: brought to its level, and while it fades in mixed with what the level below can show.</summary>
    /// <param name="images">[N, 3, H, W] of full size.</param>
    /// <param name="levels">Doublings of the full size.</param>
    /// <param name="stage">Level and fade.</param>
    public static Tensor AtStage(Tensor images, int levels, NetworkStage stage)
    {
        for (int level = levels; level > stage.Level; level--)
            images = Halve(images);
        return stage.IsFading ? Fade(Double(Halve(images)), images, stage.Fade) : images;
    }

    /// <summary>(1 − fade)·old + fade·new</summary>
    public static Tensor Fade(Tensor old, Tensor @new, double fade) => old.Times(1 - fade).Plus(@new.Times(fade));
}
