using Atelier.Core.Specs;
using Atelier.Training.Ops;

namespace Atelier.Training.Networks;

/// <summary>The layers of one resolution of the generator.</summary>
internal sealed class SynthesisBlock
{
    private readonly NetworkArchitecture _architecture;
    private readonly Tensor? _constant;
    private readonly SynthesisLayer? _conv0;
    private readonly SynthesisLayer _conv1;
    private readonly ToRgbLayer? _toRgb;
    private readonly ConvLayer? _skip;
    private readonly Tensor _filter;

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
        _filter = tensors.ResampleFilter();
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
            x = y + _conv1.Forward(x, Style(), noise, Math.Sqrt(0.5));
        }
        else
        {
            x = _conv1.Forward(_conv0!.Forward(x!, Style(), noise), Style(), noise);
        }

        if (image is not null)
            image = Upfirdn2d.Upsample(image, _filter);
        if (_toRgb is not null)
        {
            var rgb = _toRgb.Forward(x, Style());
            image = image is null ? rgb : image + rgb;
        }
        return (x, image);
    }
}
